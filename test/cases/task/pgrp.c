/* SPDX-License-Identifier: GPL-2.0-only */
/* Process groups: a leader with a member, and a member whose group leader is gone. */
#include "case.h"

#include <signal.h>
#include <sys/wait.h>

static void member(void *group)
{
	pid_t pgid = *(pid_t *)group;

	CASE_SYS(setpgid(0, pgid));
	pgid = getpgrp();
	case_here();
	case_wait_go();
	CASE_EQ(getpgrp(), pgid);
}

int main(void)
{
	pid_t zero = 0, own = getpgrp(), leader, led, orphan, gone;

	leader = case_fork(member, &zero);
	case_wait_here(1);
	led = case_fork(member, &leader);
	gone = case_fork(member, &zero);
	case_wait_here(3);
	orphan = case_fork(member, &gone);
	case_wait_here(4);
	CASE_SYS(kill(gone, SIGKILL));
	CASE_EQ(waitpid(gone, NULL, 0), gone);
	case_ready();
	CASE_EQ(getpgrp(), own);
	CASE_EQ(getpgid(leader), leader);
	CASE_EQ(getpgid(led), leader);
	CASE_EQ(getpgid(orphan), gone);
	case_join(leader);
	case_join(led);
	case_join(orphan);
	return case_pass();
}
