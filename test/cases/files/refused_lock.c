/* SPDX-License-Identifier: GPL-2.0-only */
/* Without --file-locks a lock is refused, that of a child through its parent's description too. */
/* refuse: a flock\(2\) write lock is held through it */
/* refuse: a POSIX read lock is held through it.*pass --file-locks */
#include "locks.h"

static int b;

static void child(void *arg)
{
	(void)arg;
	CASE_SYS(locks_set(b, F_SETLK, F_RDLCK, 50, 10));
	case_here();
	case_wait_go();
}

int main(void)
{
	int a = case_make_file("a", 100, 1);
	pid_t pid;

	b = case_make_file("b", 100, 2);
	CASE_SYS(flock(a, LOCK_EX));
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	case_join(pid);
	return case_pass();
}
