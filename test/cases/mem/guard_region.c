/* SPDX-License-Identifier: GPL-2.0-only */
/* Guard pages (MADV_GUARD_INSTALL) fault, their neighbours do not, and they can be lifted. */
/* peer: no refuses version 4.1 knows no guard regions, nor their entries in images */
#include "case.h"

#include <sys/mman.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

int main(void)
{
	char *area = case_map(16 * 4096);

	case_fill(area, 16 * 4096, 19);
	if (madvise(area + 4 * 4096, 2 * 4096, MADV_GUARD_INSTALL) < 0)
		case_skip("MADV_GUARD_INSTALL: %s", strerror(errno));
	CASE_SYS(madvise(area + 15 * 4096, 4096, MADV_GUARD_INSTALL));
	case_ready();
	case_check_fill(area, 4 * 4096, 19, "area");
	for (int i = 0; i < 16; i++)
		CASE_EQ(case_faults(area + i * 4096, NULL), i == 4 || i == 5 || i == 15);
	CASE_SYS(madvise(area + 4 * 4096, 4096, MADV_GUARD_REMOVE));
	CASE_EQ(area[4 * 4096], 0);
	return case_pass();
}
