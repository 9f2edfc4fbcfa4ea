/* SPDX-License-Identifier: GPL-2.0-only */
/* An area nobody touched is there, and nothing of it is in memory. */
#include "case.h"

int main(void)
{
	char *area = case_map(64 << 20);

	case_ready();
	for (int i = 0; i < 64; i++)
		CASE_EQ(case_pagemap(area + (i << 20)) & (PM_PRESENT | PM_SWAP), 0);
	case_fill(area, 64 << 20, 1);
	case_check_fill(area, 64 << 20, 1, "area");
	return case_pass();
}
