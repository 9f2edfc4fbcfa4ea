/* SPDX-License-Identifier: GPL-2.0-only */
/* The subreaper attribute, in a task that has it and in a child that does not. */
#include "case.h"

#include <sys/prctl.h>

static int flag(void)
{
	int value = -1;

	CASE_SYS(prctl(PR_GET_CHILD_SUBREAPER, &value));
	return value;
}

static void child(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
	CASE_EQ(flag(), 0);
}

int main(void)
{
	pid_t pid;

	CASE_SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	CASE_EQ(flag(), 1);
	case_join(pid);
	return case_pass();
}
