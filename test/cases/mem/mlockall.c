/* SPDX-License-Identifier: GPL-2.0-only */
/* mlockall(MCL_FUTURE): areas made after the restore are locked too. */
/* peer: no wrong forgets MCL_FUTURE */
#include "case.h"

#include <sys/mman.h>

int main(void)
{
	char *before, *after;

	CASE_SYS(mlockall(MCL_CURRENT | MCL_FUTURE));
	before = case_map(16 * 4096);
	case_ready();
	CASE_CHECK(case_vmflag(before, "lo"), "not locked any more");
	after = mmap(NULL, 16 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CASE_CHECK(case_vmflag(after, "lo"), "new areas are not locked: MCL_FUTURE is gone");
	return case_pass();
}
