/* SPDX-License-Identifier: GPL-2.0-only */
/* Transparent huge pages switched off for the process. */
#include "case.h"

#include <sys/prctl.h>

int main(void)
{
	CASE_SYS(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	case_ready();
	CASE_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	return case_pass();
}
