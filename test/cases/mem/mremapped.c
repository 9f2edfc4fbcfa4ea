/* SPDX-License-Identifier: GPL-2.0-only */
/* Moved areas: pieces of one area in another order, an area that grew, one that shrank. */
#include "case.h"

#include <sys/mman.h>

int main(void)
{
	char *area = case_map(8 * 4096), *target = case_map(16 * 4096), *grown, *at;

	case_fill(area, 8 * 4096, 26);
	for (int i = 0; i < 8; i++) {
		at = target + (15 - 2 * i) * 4096;
		CASE_CHECK(mremap(area + i * 4096, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, at) ==
				   at,
			   "mremap: %s", strerror(errno));
	}
	grown = mremap(case_map(4096), 4096, 9 * 4096, MREMAP_MAYMOVE);
	case_fill(grown, 9 * 4096, 27);
	CASE_CHECK(mremap(grown, 9 * 4096, 7 * 4096, 0) == grown, "mremap: %s", strerror(errno));
	case_ready();
	area = malloc(8 * 4096);
	for (int i = 0; i < 8; i++)
		memcpy(area + i * 4096, target + (15 - 2 * i) * 4096, 4096);
	case_check_fill(area, 8 * 4096, 26, "moved pages");
	case_check_fill(grown, 7 * 4096, 27, "grown area");
	return case_pass();
}
