/* SPDX-License-Identifier: GPL-2.0-only */
/* Locked areas: at once, on fault, and none. */
/* peer: no-restore wrong forgets MLOCK_ONFAULT */
#include "case.h"

#include <sys/mman.h>

int main(void)
{
	char *now = case_map(8 * 4096), *later = case_map(8 * 4096), *none = case_map(8 * 4096);

	CASE_SYS(mlock(now, 8 * 4096));
	CASE_SYS(mlock2(later, 8 * 4096, MLOCK_ONFAULT));
	case_fill(now, 4096, 20);
	*(volatile char *)none = 1;
	case_ready();
	case_check_fill(now, 4096, 20, "locked area");
	CASE_CHECK(case_vmflag(now, "lo"), "not locked any more");
	CASE_CHECK(case_vmflag(later, "lo"), "not locked on fault any more");
	CASE_CHECK(!case_vmflag(none, "lo"), "locked by the restore");
	for (int i = 0; i < 8; i++)
		CASE_CHECK(case_pagemap(now + i * 4096) & PM_PRESENT,
			   "page %d of a locked area is absent", i);
	return case_pass();
}
