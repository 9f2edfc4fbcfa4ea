/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leases: a read lease, and a write lease whose signal is a chosen one.  Neither the dump nor the restore breaks
 * it; afterwards somebody who opens the file does, and the signal tells the descriptor.
 */
/* opts: --file-locks */
#include "locks.h"

#include <signal.h>
#include <sys/stat.h>

static void break_it(void *path)
{
	CASE_CHECK(open(path, O_RDWR | O_NONBLOCK) < 0 && errno == EWOULDBLOCK,
		   "the lease was not in the way: %s", strerror(errno));
}

static void expect_signal(int signo, int fd, sigset_t *set)
{
	siginfo_t info;

	CASE_EQ(sigwaitinfo(set, &info), signo);
	if (signo != SIGIO)
		CASE_EQ(info.si_fd, fd);
}

int main(void)
{
	static char before_r[LOCKS_TEXT], before_w[LOCKS_TEXT];
	int r, w, program;
	sigset_t set;

	close(case_make_file("read", 100, 1));
	close(case_make_file("program", 100, 3));
	CASE_SYS(chmod("program", 0755));
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGRTMIN + 3);
	CASE_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	r = CASE_SYS(open("read", O_RDONLY));
	CASE_SYS(fcntl(r, F_SETLEASE, F_RDLCK));
	w = case_make_file("write", 100, 2);
	CASE_SYS(fcntl(w, F_SETLEASE, F_WRLCK));
	CASE_SYS(fcntl(w, F_SETSIG, SIGRTMIN + 3));
	/* What looks like code is read by a dump. */
	program = CASE_SYS(open("program", O_RDWR));
	CASE_SYS(fcntl(program, F_SETLEASE, F_WRLCK));
	locks_text(0, r, before_r);
	locks_text(0, w, before_w);
	case_ready();
	locks_check(0, r, before_r);
	locks_check(0, w, before_w);
	CASE_EQ(CASE_SYS(fcntl(r, F_GETLEASE)), F_RDLCK);
	CASE_EQ(CASE_SYS(fcntl(w, F_GETLEASE)), F_WRLCK);
	CASE_EQ(CASE_SYS(fcntl(program, F_GETLEASE)), F_WRLCK);
	case_join(case_fork(break_it, "write"));
	expect_signal(SIGRTMIN + 3, w, &set);
	CASE_SYS(fcntl(w, F_SETLEASE, F_UNLCK));
	case_join(case_fork(break_it, "read"));
	expect_signal(SIGIO, r, &set);
	CASE_SYS(fcntl(r, F_SETLEASE, F_UNLCK));
	return case_pass();
}
