/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks and fork: a flock goes with the description, whoever has set it; a POSIX lock stays with the process that
 * has set it, the child's own through the description it has inherited included.
 */
/* opts: --file-locks */
/* peer: no loses a POSIX lock that a child has set through a description of its parent */
#include "locks.h"

static int a, b;
static char *before;

static void child(void *arg)
{
	(void)arg;
	CASE_SYS(flock(a, LOCK_EX));
	CASE_SYS(locks_set(b, F_SETLK, F_WRLCK, 50, 10));
	locks_text(0, a, before);
	locks_text(0, b, before + LOCKS_TEXT);
	case_here();
	case_wait_go();
	locks_check(0, a, before);
	locks_check(0, b, before + LOCKS_TEXT);
	CASE_EQ(locks_probe(b, 0, 10).l_pid, getppid());
	CASE_EQ(locks_probe(b, 50, 10).l_pid, getpid());
}

int main(void)
{
	static char own[LOCKS_TEXT];
	pid_t pid;

	before = case_map_shared(2 * LOCKS_TEXT);
	a = case_make_file("a", 100, 1);
	b = case_make_file("b", 100, 2);
	pid = case_fork(child, NULL);
	CASE_SYS(locks_set(b, F_SETLK, F_WRLCK, 0, 10));
	case_wait_here(1);
	locks_text(0, b, own);
	case_ready();
	locks_check(0, b, own);
	/* The child has set it, and it is this process's as well. */
	locks_check(0, a, before);
	case_join(pid);
	CASE_EQ(locks_probe(b, 50, 10).l_type, F_UNLCK);
	CASE_EQ(locks_probe(b, 0, 10).l_type, F_WRLCK);
	CASE_CHECK(!locks_flock_free(a, LOCK_SH), "the lock went with the child");
	return case_pass();
}
