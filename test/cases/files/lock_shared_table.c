/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of descriptors that two processes share (CLONE_FILES) owns the POSIX locks of both; each lock still
 * tells who has set it.  A thread sets one too.
 */
/* opts: --file-locks */
/* peer: no-dump writes one owner for all of them */
#include "locks.h"

#include <sched.h>
#include <signal.h>

static int fd;
static volatile int *may_end;

static int child(void *arg)
{
	(void)arg;
	CASE_SYS(locks_set(fd, F_SETLK, F_WRLCK, 10, 10));
	case_here();
	while (!*may_end)
		case_sleep_ms(1);
	return 0;
}

static void *thread(void *arg)
{
	CASE_SYS(locks_set(fd, F_SETLK, F_RDLCK, 40, 10));
	case_here();
	case_thread_wait();
	return arg;
}

int main(void)
{
	static char stack[65536], before[LOCKS_TEXT];
	pid_t pid;

	may_end = case_map_shared(sizeof(*may_end));
	fd = case_make_file("file", 100, 1);
	pid = CASE_SYS(clone(child, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL));
	CASE_SYS(locks_set(fd, F_SETLK, F_WRLCK, 0, 5));
	case_wait_here(1);
	case_threads(1, thread);
	case_wait_here(2);
	locks_text(0, fd, before);
	CASE_EQ(locks_probe(fd, 10, 5).l_pid, pid);
	case_ready();
	locks_check(0, fd, before);
	locks_check(pid, fd, before);
	CASE_EQ(locks_probe(fd, 10, 5).l_pid, pid);
	CASE_EQ(locks_probe(fd, 0, 5).l_pid, getpid());
	CASE_EQ(locks_probe(fd, 40, 5).l_pid, getpid());
	/* One owner: its locks are not in its own way. */
	CASE_SYS(locks_set(fd, F_SETLK, F_WRLCK, 10, 10));
	case_threads_wake();
	case_threads_join();
	*may_end = 1;
	case_join(pid);
	/* The table lives on, and its locks. */
	CASE_EQ(locks_probe(fd, 10, 5).l_type, F_WRLCK);
	return case_pass();
}
