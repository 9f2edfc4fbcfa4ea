/* SPDX-License-Identifier: GPL-2.0-only */
/* How willingly the kernel kills the task when memory ends. */
#include "case.h"

int main(void)
{
	case_write_file("/proc/self/oom_score_adj", "317");
	case_ready();
	CASE_CHECK(!strncmp(case_read_file("/proc/self/oom_score_adj"), "317", 3), "it became %s",
		   case_read_file("/proc/self/oom_score_adj"));
	return case_pass();
}
