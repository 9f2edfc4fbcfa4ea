/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * execve() after the restore: the number, ignored and pending signals, the mask, the timer, limits and
 * descriptors go on into the new program; handlers and close-on-exec descriptors do not.
 */
#include "case.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>

static void handler(int sig)
{
	(void)sig;
}

static int second_program(char **argv)
{
	struct sigaction sa;
	struct itimerval left;
	struct rlimit limit;
	sigset_t set;

	CASE_EQ(getpid(), atoi(argv[1]));
	CASE_SYS(sigaction(SIGHUP, NULL, &sa));
	CASE_CHECK(sa.sa_handler == SIG_IGN, "SIGHUP is not ignored");
	CASE_SYS(sigaction(SIGINT, NULL, &sa));
	CASE_CHECK(sa.sa_handler == SIG_DFL, "SIGINT has a handler");
	CASE_SYS(sigprocmask(SIG_SETMASK, NULL, &set));
	CASE_EQ(sigismember(&set, SIGUSR1), 1);
	CASE_EQ(sigismember(&set, SIGUSR2), 0);
	CASE_SYS(sigpending(&set));
	CASE_EQ(sigismember(&set, SIGUSR1), 1);
	CASE_SYS(getitimer(ITIMER_REAL, &left));
	CASE_CHECK(left.it_value.tv_sec > 500, "the timer is gone");
	CASE_SYS(getrlimit(RLIMIT_CORE, &limit));
	CASE_EQ(limit.rlim_cur, 4321);
	CASE_EQ(fcntl(50, F_GETFD), 0);
	CASE_EQ(lseek(50, 0, SEEK_CUR), 17);
	CASE_EQ(fcntl(51, F_GETFD), -1);
	return case_pass();
}

int main(int argc, char **argv)
{
	struct itimerval timer = { { 0, 0 }, { 1000, 0 } };
	struct rlimit limit = { 4321, 8765 };
	char pid[16], *args[] = { argv[0], pid, NULL };
	sigset_t set;
	int fd;

	if (argc > 1)
		return second_program(argv);
	fd = case_make_file("file", 100, 3);
	CASE_SYS(dup2(fd, 50));
	CASE_SYS(dup3(fd, 51, O_CLOEXEC));
	CASE_SYS(lseek(fd, 17, SEEK_SET));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CASE_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, handler);
	CASE_SYS(setitimer(ITIMER_REAL, &timer, NULL));
	CASE_SYS(setrlimit(RLIMIT_CORE, &limit));
	snprintf(pid, sizeof(pid), "%d", getpid());
	case_ready();
	CASE_SYS(execv("/proc/self/exe", args));
	return 1;
}
