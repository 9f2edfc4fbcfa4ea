/* SPDX-License-Identifier: GPL-2.0-only */
/* A process whose whole memory may be merged with like pages (PR_SET_MEMORY_MERGE). */
/* peer: no wrong does not save it */
#include "case.h"

#include <sys/prctl.h>

#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#endif

int main(void)
{
	char *later;

	if (prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) < 0)
		case_skip("PR_SET_MEMORY_MERGE: %s", strerror(errno));
	case_ready();
	CASE_EQ(prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0), 1);
	later = case_map(8192);
	CASE_CHECK(case_vmflag(later, "mg"), "a later area is not mergeable");
	return case_pass();
}
