/* SPDX-License-Identifier: GPL-2.0-only */
/* A grandchild whose parent died belongs to the subreaper of the tree, which can wait for it. */
#include "case.h"

#include <sys/prctl.h>
#include <sys/wait.h>

static void grandchild(void *reaper)
{
	while (getppid() != *(pid_t *)reaper)
		case_sleep_ms(1);
	case_here();
	case_wait_go();
	CASE_EQ(getppid(), *(pid_t *)reaper);
}

static void child(void *reaper)
{
	case_fork(grandchild, reaper);
}

int main(void)
{
	pid_t self = getpid();
	int status;

	CASE_SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	case_join(case_fork(child, &self));
	case_wait_here(1);
	case_ready();
	CASE_SYS(wait(&status));
	CASE_EQ(status, 0);
	return case_pass();
}
