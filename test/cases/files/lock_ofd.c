/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open-file-description locks: two descriptions of one file with locks of their own, beside a POSIX lock of the
 * same process; one was set by a child that has ended, and one is held in another task alone.
 */
/* opts: --file-locks */
#include "locks.h"

#include <sys/stat.h>

static int a, b, c;

static void set_and_end(void *arg)
{
	(void)arg;
	CASE_SYS(locks_set(a, F_OFD_SETLK, F_WRLCK, 100, 10));
}

static void hold(void *arg)
{
	char *before = arg;

	close(a);
	close(b);
	locks_text(0, c, before);
	case_here();
	case_wait_go();
	locks_check(0, c, before);
}

int main(void)
{
	static char before_a[LOCKS_TEXT], before_b[LOCKS_TEXT], before_c[LOCKS_TEXT];
	struct flock now;
	pid_t pid;

	a = case_make_file("file", 100, 1);
	b = CASE_SYS(open("file", O_RDWR));
	c = CASE_SYS(open("file", O_RDWR));
	CASE_SYS(locks_set(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	case_join(case_fork(set_and_end, NULL));
	CASE_SYS(locks_set(b, F_OFD_SETLK, F_RDLCK, 20, 50));
	CASE_SYS(locks_set(b, F_OFD_SETLK, F_RDLCK, 300, 0));
	/* Held by a description that this task is going to close. */
	CASE_SYS(locks_set(c, F_OFD_SETLK, F_RDLCK, 200, 10));
	pid = case_fork(hold, before_c);
	case_wait_here(1);
	close(c);
	CASE_SYS(locks_set(a, F_SETLK, F_WRLCK, 12, 2));
	locks_text(0, a, before_a);
	locks_text(0, b, before_b);
	case_ready();
	locks_check(0, a, before_a);
	locks_check(0, b, before_b);
	now = locks_probe(a, 105, 1);
	CASE_EQ(now.l_type, F_WRLCK);
	CASE_EQ(now.l_start, 100);
	CASE_EQ(now.l_pid, -1);
	CASE_EQ(locks_probe(a, 12, 1).l_pid, getpid());
	/* They conflict with each other, in one process. */
	CASE_EQ(locks_set(b, F_OFD_SETLK, F_WRLCK, 0, 1), -1);
	case_join(pid);
	close(a);
	CASE_EQ(locks_probe(b, 0, 20).l_type, F_UNLCK);
	CASE_EQ(locks_probe(b, 1000, 1).l_type, F_RDLCK);
	return case_pass();
}
