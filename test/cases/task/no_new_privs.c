/* SPDX-License-Identifier: GPL-2.0-only */
/* no_new_privs is set in the task that asked for it and not in its parent. */
#include "case.h"

#include <sys/prctl.h>

static void child(void *arg)
{
	(void)arg;
	CASE_SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	case_here();
	case_wait_go();
	CASE_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
}

int main(void)
{
	pid_t pid = case_fork(child, NULL);

	case_wait_here(1);
	case_ready();
	CASE_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	case_join(pid);
	return case_pass();
}
