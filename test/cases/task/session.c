/* SPDX-License-Identifier: GPL-2.0-only */
/* A session in a session: ids of a child that called setsid, and of its own child. */
#include "case.h"

static void inner(void *arg)
{
	pid_t *leader = arg;

	case_here();
	case_wait_go();
	CASE_EQ(getsid(0), *leader);
	CASE_EQ(getpgrp(), *leader);
	CASE_EQ(getppid(), *leader);
}

static void outer(void *arg)
{
	pid_t self = getpid(), child;

	(void)arg;
	CASE_EQ(CASE_SYS(setsid()), self);
	child = case_fork(inner, &self);
	case_here();
	case_wait_go();
	CASE_EQ(getsid(0), self);
	case_join(child);
}

int main(void)
{
	pid_t sid = getsid(0), child = case_fork(outer, NULL);

	case_wait_here(2);
	case_ready();
	CASE_EQ(getsid(0), sid);
	CASE_EQ(getsid(child), child);
	case_join(child);
	return case_pass();
}
