/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Orphans of a session that lives on two levels below their new parent, a child subreaper: nobody
 * who could fork them directly has both the parent and the session.
 */
/* peer: no-restore wrong gives the orphans to init instead of the subreaper */
#include "case.h"

#include <sys/prctl.h>
#include <sys/wait.h>

static void check_member(pid_t sid, pid_t pgrp, pid_t reaper)
{
	while (getppid() != reaper)
		case_sleep_ms(1);
	case_here();
	case_wait_go();
	CASE_EQ(getppid(), reaper);
	CASE_EQ(getsid(0), sid);
	CASE_EQ(getpgrp(), pgrp ? pgrp : getpid());
}

static pid_t reaper;

static void orphan(void *arg)
{
	(void)arg;
	check_member(getsid(0), getsid(0), reaper);
}

static void orphan_group(void *arg)
{
	(void)arg;
	CASE_SYS(setpgid(0, 0));
	check_member(getsid(0), 0, reaper);
}

/* Ends at once: what it forks becomes orphans. */
static void parent_of_orphans(void *arg)
{
	(void)arg;
	case_fork(orphan, NULL);
	case_fork(orphan_group, NULL);
}

static void leader(void *arg)
{
	(void)arg;
	CASE_SYS(setsid());
	case_join(case_fork(parent_of_orphans, NULL));
	case_here();
	case_wait_go();
	CASE_EQ(getsid(0), getpid());
}

static void between(void *arg)
{
	pid_t pid = case_fork(leader, NULL);

	(void)arg;
	case_here();
	case_wait_go();
	case_join(pid);
}

int main(void)
{
	int status, nr = 0;

	reaper = getpid();
	CASE_SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	case_fork(between, NULL);
	case_wait_here(4);
	case_ready();
	while (wait(&status) > 0) {
		CASE_EQ(status, 0);
		nr++;
	}
	CASE_EQ(nr, 3);
	return case_pass();
}
