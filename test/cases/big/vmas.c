/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many areas that do not merge, each with a page of its own.  CASE_VMAS says how many (10000; the full
 * count is 50000).
 */
/* budget: 120s */
#include "case.h"

#include <sys/mman.h>

int main(void)
{
	const char *env = getenv("CASE_VMAS");
	long nr = env ? atol(env) : 10000;
	char *area = case_map(nr * 2 * 4096L);

	CASE_SYS(madvise(area, nr * 2 * 4096L, MADV_NOHUGEPAGE));
	for (long i = 0; i < nr; i++) {
		*(long *)(area + i * 8192) = i * 31337;
		/* Every second page may not be written, so that no neighbours are alike. */
		if (i % 2)
			CASE_SYS(mprotect(area + i * 8192, 8192, PROT_READ));
	}
	case_ready();
	for (long i = 0; i < nr; i++)
		CASE_EQ(*(long *)(area + i * 8192), i * 31337);
	return case_pass();
}
