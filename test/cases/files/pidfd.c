/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors of processes: of itself, the parent, a living child, a sibling, a zombie; they signal, wait for and poll
 * the right one, and flags are kept.
 */
#include "case.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int open_pid(pid_t pid, unsigned flags)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, flags);

	if (fd < 0)
		case_skip("pidfd_open: %s", strerror(errno));
	return fd;
}

static int send_to(int fd, int signo)
{
	return (int)syscall(SYS_pidfd_send_signal, fd, signo, NULL, 0);
}

static bool has_ended(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return CASE_SYS(poll(&p, 1, 0)) == 1;
}

static pid_t first;

/* Ends by the signal that the other child sends it. */
static void victim(void *arg)
{
	(void)arg;
	case_here();
	for (;;)
		pause();
}

static void sibling(void *arg)
{
	int parent = open_pid(getppid(), 0), other = open_pid(first, 0);

	(void)arg;
	case_here();
	case_wait_go();
	CASE_SYS(send_to(parent, 0));
	CASE_CHECK(!has_ended(other) && !has_ended(parent), "a living process has ended");
	CASE_SYS(send_to(other, SIGTERM));
}

int main(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 3 };
	int self = open_pid(getpid(), O_NONBLOCK), child_fd, zombie_fd, epfd;
	siginfo_t info;
	pid_t second, zombie;

	first = case_fork(victim, NULL);
	case_wait_here(1);
	child_fd = open_pid(first, 0);
	epfd = CASE_SYS(epoll_create1(0));
	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_ADD, child_fd, &ev));
	second = case_fork(sibling, NULL);
	case_wait_here(2);
	zombie = CASE_SYS(fork());
	if (!zombie)
		_exit(37);
	zombie_fd = open_pid(zombie, 0);
	while (!has_ended(zombie_fd))
		case_sleep_ms(1);
	CASE_EQ(CASE_SYS(epoll_wait(epfd, &ev, 1, 0)), 0);
	case_ready();
	CASE_CHECK(fcntl(self, F_GETFL) & O_NONBLOCK, "PIDFD_NONBLOCK is gone");
	CASE_EQ(fcntl(self, F_GETFD), FD_CLOEXEC);
	CASE_SYS(send_to(self, 0));
	CASE_EQ(CASE_SYS(epoll_wait(epfd, &ev, 1, -1)), 1);
	CASE_EQ(ev.data.u64, 3);
	CASE_SYS(waitid(P_PIDFD, (id_t)child_fd, &info, WEXITED));
	CASE_EQ(info.si_pid, first);
	CASE_EQ(info.si_status, SIGTERM);
	CASE_CHECK(has_ended(zombie_fd), "the zombie lives");
	CASE_SYS(waitid(P_PIDFD, (id_t)zombie_fd, &info, WEXITED));
	CASE_EQ(info.si_pid, zombie);
	CASE_EQ(info.si_status, 37);
	case_join(second);
	return case_pass();
}
