/* SPDX-License-Identifier: GPL-2.0-only */
/* A reservation of 1 TiB without memory (MAP_NORESERVE), as sanitizers and language runtimes make, with few pages. */
#include "case.h"

#include <sys/mman.h>

#define LEN (1L << 40)
#define NR 40

int main(void)
{
	char *area = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		case_skip("mmap of 1 TiB: %s", strerror(errno));
	for (long i = 0; i < NR; i++)
		case_fill(area + LEN / NR * i / 4096 * 4096, 4096, i);
	CASE_CHECK(case_vmflag(area, "nr"), "the area has its memory reserved");
	case_ready();
	for (long i = 0; i < NR; i++)
		case_check_fill(area + LEN / NR * i / 4096 * 4096, 4096, i, "a page");
	CASE_CHECK(case_vmflag(area, "nr"), "the area has its memory reserved now");
	CASE_EQ(area[LEN - 1], 0);
	return case_pass();
}
