/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process group whose leader went to another group: it has the number of a task that lives, but is not
 * in it.
 */
/* peer: no-restore waits for ever for the leader of the group, or cannot set the group */
#include "case.h"

#include <sys/wait.h>

static void member(void *arg)
{
	pid_t group = getppid();

	(void)arg;
	CASE_EQ(getpgrp(), group);
	case_here();
	case_wait_go();
	CASE_EQ(getpgrp(), group);
}

static void lender(void *arg)
{
	pid_t pid, old = getpgrp();

	(void)arg;
	CASE_SYS(setpgid(0, 0));
	pid = case_fork(member, NULL);
	case_wait_here(1);
	CASE_SYS(setpgid(0, old));
	case_here();
	case_wait_go();
	CASE_EQ(getpgrp(), old);
	CASE_EQ(getpgid(pid), getpid());
	case_join(pid);
}

int main(void)
{
	pid_t pid = case_fork(lender, NULL);

	case_wait_here(2);
	case_ready();
	case_join(pid);
	return case_pass();
}
