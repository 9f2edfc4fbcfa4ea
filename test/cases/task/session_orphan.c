/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session whose leader is dead and reaped: its member keeps the session's number, although no task
 * has it.
 */
/* peer: no-restore wrong gives the member to init instead of the subreaper */
#include "case.h"

#include <sys/prctl.h>
#include <sys/wait.h>

static void member(void *arg)
{
	pid_t sid = getsid(0);

	(void)arg;
	case_here();
	case_wait_go();
	CASE_EQ(getsid(0), sid);
	CASE_EQ(getpgrp(), sid);
}

static void leader(void *arg)
{
	(void)arg;
	CASE_SYS(setsid());
	case_fork(member, NULL);
	case_wait_here(1);
}

int main(void)
{
	int status;

	CASE_SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	case_join(case_fork(leader, NULL));
	case_ready();
	CASE_SYS(wait(&status));
	CASE_EQ(status, 0);
	return case_pass();
}
