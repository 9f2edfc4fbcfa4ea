/* SPDX-License-Identifier: GPL-2.0-only */
/* A chain of three filters; the one added last is asked first, all keep their answers. */
#include "case.h"

#include "filter.h"

int main(void)
{
	filter_deny(SYS_mkdirat, 111, 0);
	filter_deny(SYS_sync_file_range, 112, 0);
	filter_deny(SYS_quotactl, 113, SECCOMP_FILTER_FLAG_LOG);
	case_ready();
	filter_check(SYS_mkdirat, 111, "first filter");
	filter_check(SYS_sync_file_range, 112, "second filter");
	filter_check(SYS_quotactl, 113, "third filter");
	filter_check(SYS_dup, EBADF, "a call without a filter");
	CASE_CHECK(!strcmp(case_status(0, "Seccomp_filters"), "3"), "%s filters",
		   case_status(0, "Seccomp_filters"));
	return case_pass();
}
