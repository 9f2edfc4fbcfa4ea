/* SPDX-License-Identifier: GPL-2.0-only */
/* 5000 areas that do not merge, each with a page of its own. */
#include "case.h"

#include <sys/mman.h>

#define NR 5000

int main(void)
{
	char *area = case_map(NR * 2 * 4096L);

	CASE_SYS(madvise(area, NR * 2 * 4096L, MADV_NOHUGEPAGE));
	for (long i = 0; i < NR; i++) {
		*(long *)(area + i * 8192) = i * 31337;
		/* Every second page may not be written, so that no neighbours are alike. */
		if (i % 2)
			CASE_SYS(mprotect(area + i * 8192, 8192, PROT_READ));
	}
	case_ready();
	for (long i = 0; i < NR; i++)
		CASE_EQ(*(long *)(area + i * 8192), i * 31337);
	return case_pass();
}
