/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Children start and end all the time, each watched through a pidfd in an epoll: the dump finds them living, dead or
 * gone.  Each must be told and waited for with the status that it ended with.
 */
/* busy: it changes all the time */
/* peer: no-dump ends epoll_wait with EINTR */
#include "case.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { CHILDREN = 4 };

static int fds[CHILDREN], gone[CHILDREN], epfd;
static pid_t pids[CHILDREN];

static void start(unsigned i, unsigned round)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = i };

	pids[i] = CASE_SYS(fork());
	if (!pids[i]) {
		case_sleep_ms(round % 3);
		_exit((int)(i + 10));
	}
	fds[i] = (int)syscall(SYS_pidfd_open, pids[i], 0);
	if (fds[i] < 0)
		case_skip("pidfd_open: %s", strerror(errno));
	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[i], &ev));
}

/* Keeps the descriptor of what is gone until the next one of its place is. */
static unsigned end_one(void)
{
	struct epoll_event ev;
	siginfo_t info;
	unsigned i;

	CASE_EQ(epoll_wait(epfd, &ev, 1, -1), 1);
	i = (unsigned)ev.data.u64;
	CASE_SYS(waitid(P_PIDFD, (id_t)fds[i], &info, WEXITED));
	CASE_EQ(info.si_pid, pids[i]);
	CASE_EQ(info.si_status, (int)(i + 10));
	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_DEL, fds[i], NULL));
	CASE_EQ(syscall(SYS_pidfd_send_signal, fds[i], 0, NULL, 0), -1);
	CASE_EQ(errno, ESRCH);
	if (gone[i])
		CASE_SYS(close(gone[i]));
	gone[i] = fds[i];
	return i;
}

int main(void)
{
	unsigned round = 0;

	epfd = CASE_SYS(epoll_create1(0));
	for (unsigned i = 0; i < CHILDREN; i++)
		start(i, i);
	for (; !case_go() || round < 50; round++) {
		start(end_one(), round);
		if (round == 10)
			case_say_ready();
	}
	for (unsigned i = 0; i < CHILDREN; i++)
		end_one();
	return case_pass();
}
