/* SPDX-License-Identifier: GPL-2.0-only */
/* A filter inherited by fork, and one more in the child only. */
#include "case.h"

#include "filter.h"

static void child(void *arg)
{
	(void)arg;
	filter_deny(SYS_quotactl, 113, 0);
	case_here();
	case_wait_go();
	filter_check(SYS_mkdirat, 111, "the child's inherited filter");
	filter_check(SYS_quotactl, 113, "the child's own filter");
}

int main(void)
{
	pid_t pid;

	filter_deny(SYS_mkdirat, 111, 0);
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	filter_check(SYS_mkdirat, 111, "the parent's filter");
	errno = 0;
	syscall(SYS_quotactl, -1, 0, 0, 0);
	CASE_CHECK(errno != 113, "the parent has its child's filter");
	case_join(pid);
	return case_pass();
}
