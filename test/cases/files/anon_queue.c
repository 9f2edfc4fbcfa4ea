/* SPDX-License-Identifier: GPL-2.0-only */
/* Files inside the kernel that nobody has but the queue of a socket: they come out of it as they were. */
/* peer: no version 4.1 loses EFD_SEMAPHORE */
#include "case.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

static int sk[2];

static void send_away(int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} u = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u)
	};

	memcpy(CMSG_DATA(&u.head), &fd, sizeof(fd));
	CASE_EQ(sendmsg(sk[0], &m, 0), 1);
	CASE_SYS(close(fd));
}

static int receive(void)
{
	char room[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = room,
			    .msg_controllen = sizeof(room) };
	int fd;

	CASE_EQ(recvmsg(sk[1], &m, 0), 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

int main(void)
{
	struct itimerspec its = { .it_value.tv_sec = 5000 };
	int timer = CASE_SYS(timerfd_create(CLOCK_BOOTTIME, 0)), fd;
	struct epoll_event ev = { .events = EPOLLIN };
	struct signalfd_siginfo info;
	uint64_t count;
	sigset_t usr;

	sigemptyset(&usr);
	sigaddset(&usr, SIGUSR1);
	CASE_SYS(sigprocmask(SIG_BLOCK, &usr, NULL));
	CASE_SYS(socketpair(AF_UNIX, SOCK_DGRAM, 0, sk));
	CASE_SYS(timerfd_settime(timer, 0, &its, NULL));
	send_away(CASE_SYS(eventfd(7, EFD_SEMAPHORE | EFD_NONBLOCK)));
	send_away(timer);
	send_away(CASE_SYS(signalfd(-1, &usr, 0)));
	send_away(CASE_SYS(epoll_create1(0)));
	send_away((int)CASE_SYS(syscall(SYS_pidfd_open, getpid(), 0)));
	case_ready();
	fd = receive();
	for (int i = 0; i < 7; i++) {
		CASE_EQ(read(fd, &count, 8), 8);
		CASE_EQ(count, 1);
	}
	CASE_EQ(read(fd, &count, 8), -1);
	fd = receive();
	CASE_SYS(timerfd_gettime(fd, &its));
	CASE_CHECK(its.it_value.tv_sec > 0, "the timer does not run");
	fd = receive();
	CASE_SYS(kill(getpid(), SIGUSR1));
	CASE_EQ(read(fd, &info, sizeof(info)), (ssize_t)sizeof(info));
	fd = receive();
	CASE_SYS(epoll_ctl(fd, EPOLL_CTL_ADD, sk[0], &ev));
	fd = receive();
	CASE_SYS(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	return case_pass();
}
