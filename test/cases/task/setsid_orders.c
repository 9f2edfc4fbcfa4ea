/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process makes a session of its own after its children were born: they stay in the old one, with
 * groups that cross the tree, and a grandchild leads a third session.
 */
#include "case.h"

static pid_t *ids; /* shared: sid and pgid of each as it was set up */

static void remember(int number)
{
	ids[2 * number] = getsid(0);
	ids[2 * number + 1] = getpgrp();
	case_here();
	case_wait_go();
	CASE_EQ(getsid(0), ids[2 * number]);
	CASE_EQ(getpgrp(), ids[2 * number + 1]);
}

static void leader(void *arg)
{
	(void)arg;
	CASE_SYS(setsid());
	remember(2);
}

static void old_session(void *arg)
{
	pid_t pid = case_fork(leader, arg);

	CASE_SYS(setpgid(0, 0));
	remember(1);
	case_join(pid);
}

/* In the group of its uncle, who is in no line with it. */
static void member(void *group)
{
	CASE_SYS(setpgid(0, *(pid_t *)group));
	remember(4);
}

static void middle(void *group)
{
	pid_t first = case_fork(old_session, NULL), second;

	second = case_fork(member, group);
	case_wait_here(3 + 1);
	CASE_SYS(setsid());
	remember(0);
	case_join(first);
	case_join(second);
}

static void uncle(void *arg)
{
	(void)arg;
	CASE_SYS(setpgid(0, 0));
	remember(3);
}

int main(void)
{
	pid_t first, second;

	ids = case_map_shared(4096);
	first = case_fork(uncle, NULL);
	case_wait_here(1);
	second = case_fork(middle, &first);
	case_wait_here(5);
	case_ready();
	CASE_CHECK(ids[0] != ids[2], "nothing is tested");
	CASE_EQ(ids[2], getsid(0));
	CASE_EQ(ids[9], first);
	case_join(first);
	case_join(second);
	return case_pass();
}
