/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of processes and threads with holes between them, not in the order of the tree. */
#include "case.h"

static void nothing(void *arg)
{
	(void)arg;
}

static void waste(int nr)
{
	while (nr--)
		case_join(case_fork(nothing, NULL));
}

static void *body(void *arg)
{
	pid_t tid = case_tid();

	(void)arg;
	case_here();
	case_wait_go();
	CASE_EQ(case_tid(), tid);
	return NULL;
}

static void child(void *level)
{
	pid_t pid = getpid(), parent = getppid(), next = 0;
	int deeper = *(int *)level - 1;

	waste(deeper * 3);
	if (deeper)
		next = case_fork(child, &deeper);
	waste(2);
	case_threads(2, body);
	case_here();
	case_wait_go();
	CASE_EQ(getpid(), pid);
	CASE_EQ(getppid(), parent);
	case_threads_join();
	if (next)
		case_join(next);
}

int main(void)
{
	int levels = 4;
	pid_t pid = case_fork(child, &levels);

	case_wait_here(4 * 3);
	case_ready();
	case_join(pid);
	return case_pass();
}
