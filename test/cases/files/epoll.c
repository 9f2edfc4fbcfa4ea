/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which descriptors an epoll watches, for what, with which 64 bits; each kind of trigger works afterwards, and watches
 * can be changed and removed by their numbers.
 */
#include "case.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define DATA(i) (0xfedcba9800000000ULL + (unsigned)(i))

static const uint32_t events[] = {
	EPOLLIN,
	EPOLLIN | EPOLLET,
	EPOLLIN | EPOLLONESHOT,
	EPOLLIN | EPOLLRDHUP | EPOLLPRI,
	EPOLLIN | EPOLLEXCLUSIVE,
	EPOLLOUT | EPOLLET,
	0,
};

static void add(int epfd, int fd, uint32_t ev, uint64_t data)
{
	struct epoll_event e = { .events = ev, .data.u64 = data };

	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e));
}

/* What is reported now: bit i for DATA(i). */
static unsigned ready(int epfd)
{
	struct epoll_event e[32];
	int n = CASE_SYS(epoll_wait(epfd, e, 32, 0));
	unsigned bits = 0;

	for (int i = 0; i < n; i++) {
		CASE_EQ(e[i].data.u64 >> 32, DATA(0) >> 32);
		bits |= 1u << (unsigned)(e[i].data.u64 & 31);
	}
	return bits;
}

int main(void)
{
	int epfd = CASE_SYS(epoll_create1(EPOLL_CLOEXEC)), outer = CASE_SYS(epoll_create1(0));
	int fds[CASE_NR(events)];
	uint64_t one = 1;

	CASE_SYS(epoll_create1(0)); /* watches nothing */
	CASE_SYS(fcntl(outer, F_SETFL, O_NONBLOCK));
	for (size_t i = 0; i < CASE_NR(events); i++) {
		fds[i] = CASE_SYS(eventfd(0, EFD_NONBLOCK));
		add(epfd, fds[i], events[i], DATA(i));
	}
	add(outer, epfd, EPOLLIN, DATA(9));
	CASE_EQ(ready(epfd), 1 << 5);
	CASE_EQ(ready(epfd), 0);
	case_ready();
	/* An edge that was told may be told once more. */
	CASE_EQ(ready(epfd) & ~(1u << 5), 0);
	CASE_EQ(ready(outer), 0);
	for (size_t i = 0; i < CASE_NR(events); i++)
		CASE_EQ(write(fds[i], &one, 8), 8);
	CASE_EQ(ready(outer), 1 << 9);
	CASE_EQ(ready(epfd), 0x1f);
	/* Level: again; edge: not again; oneshot: not again. */
	CASE_EQ(ready(epfd), 1 << 0 | 1 << 3 | 1 << 4);
	for (size_t i = 0; i < CASE_NR(events); i++)
		CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_DEL, fds[i], NULL));
	CASE_EQ(ready(epfd), 0);
	CASE_EQ(ready(outer), 0);
	return case_pass();
}
