/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors of signals: the set, the flags; signals that wait for a reader come back and are read through them. */
#include "case.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

static sigset_t set_of(int a, int b)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, a);
	sigaddset(&s, b);
	return s;
}

int main(void)
{
	sigset_t usr = set_of(SIGUSR1, SIGUSR2), rt = set_of(SIGRTMIN, SIGRTMAX), none;
	union sigval value = { .sival_int = 0x5a5a1234 };
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 77 };
	struct signalfd_siginfo info;
	int fd, rt_fd, none_fd, epfd;

	sigemptyset(&none);
	CASE_SYS(sigprocmask(SIG_BLOCK, &usr, NULL));
	CASE_SYS(sigprocmask(SIG_BLOCK, &rt, NULL));
	fd = CASE_SYS(signalfd(-1, &usr, 0));
	rt_fd = CASE_SYS(signalfd(-1, &rt, SFD_NONBLOCK | SFD_CLOEXEC));
	none_fd = CASE_SYS(signalfd(-1, &none, SFD_NONBLOCK));
	epfd = CASE_SYS(epoll_create1(0));
	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_ADD, rt_fd, &ev));
	CASE_SYS(kill(getpid(), SIGUSR2));
	case_ready();
	CASE_EQ(read(fd, &info, sizeof(info)), (ssize_t)sizeof(info));
	CASE_EQ(info.ssi_signo, SIGUSR2);
	CASE_EQ(info.ssi_pid, getpid());
	CASE_EQ(fcntl(rt_fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CASE_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	CASE_EQ(fcntl(rt_fd, F_GETFD), FD_CLOEXEC);
	CASE_EQ(read(rt_fd, &info, sizeof(info)), -1);
	CASE_EQ(errno, EAGAIN);
	CASE_EQ(epoll_wait(epfd, &ev, 1, 0), 0);
	CASE_SYS(sigqueue(getpid(), SIGRTMAX, value));
	CASE_EQ(epoll_wait(epfd, &ev, 1, -1), 1);
	CASE_EQ(ev.data.u64, 77);
	CASE_EQ(read(rt_fd, &info, sizeof(info)), (ssize_t)sizeof(info));
	CASE_EQ(info.ssi_int, value.sival_int);
	CASE_EQ(read(none_fd, &info, sizeof(info)), -1);
	return case_pass();
}
