/* SPDX-License-Identifier: GPL-2.0-only */
/* Private anonymous memory: written, written and dropped, zero and untouched pages in one area. */
#include "case.h"

#include <sys/mman.h>

#define NR 64

int main(void)
{
	char *area = case_map(NR * 4096);

	for (int i = 0; i < NR; i++)
		if (i % 4 < 2)
			case_fill(area + i * 4096, 4096, i);
	for (int i = 1; i < NR; i += 4)
		CASE_SYS(madvise(area + i * 4096, 4096, MADV_DONTNEED));
	case_ready();
	for (int i = 0; i < NR; i++) {
		if (i % 4 == 0)
			case_check_fill(area + i * 4096, 4096, i, "page");
		else
			CASE_CHECK(!area[i * 4096] &&
					   !memcmp(area + i * 4096, area + i * 4096 + 1, 4095),
				   "page %d is not zero", i);
	}
	return case_pass();
}
