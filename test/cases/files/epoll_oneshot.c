/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches that tell one event only: those that have told it stay silent, also when the other side hangs up, until they are
 * armed again; those that have not tell theirs.
 */
/* peer: no-restore version 4.1 arms them for hang-ups */
#include "case.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>

enum { EVENT, READER, WRITER, TIMER, ARMED, FULL, NR };

static int fds[NR], epfd;

static void control(int op, int i, uint32_t events)
{
	struct epoll_event ev = { .events = events | EPOLLONESHOT, .data.u64 = (unsigned)i };

	CASE_SYS(epoll_ctl(epfd, op, fds[i], &ev));
}

/* Bit i for watch i. */
static unsigned ready(void)
{
	struct epoll_event ev[NR];
	int n = CASE_SYS(epoll_wait(epfd, ev, NR, 0));
	unsigned bits = 0;

	for (int i = 0; i < n; i++)
		bits |= 1u << ev[i].data.u64;
	return bits;
}

int main(void)
{
	struct itimerspec its = { .it_value.tv_nsec = 1, .it_interval.tv_sec = 5000 };
	int in[2], out[2], armed[2];
	struct epoll_event ev;
	uint64_t count;
	char c = 'x';

	CASE_SYS(pipe(in));
	CASE_SYS(pipe(out));
	CASE_SYS(pipe(armed));
	epfd = CASE_SYS(epoll_create1(0));
	fds[EVENT] = CASE_SYS(eventfd(0, 0));
	fds[READER] = in[0];
	fds[WRITER] = out[1];
	fds[TIMER] = CASE_SYS(timerfd_create(CLOCK_MONOTONIC, 0));
	fds[ARMED] = armed[0];
	fds[FULL] = CASE_SYS(eventfd(7, 0));
	CASE_EQ(write(in[1], &c, 1), 1);
	control(EPOLL_CTL_ADD, EVENT, EPOLLOUT);
	control(EPOLL_CTL_ADD, READER, EPOLLIN);
	control(EPOLL_CTL_ADD, WRITER, EPOLLOUT | EPOLLET);
	control(EPOLL_CTL_ADD, FULL, EPOLLIN);
	CASE_EQ(ready(), 1 << EVENT | 1 << READER | 1 << WRITER | 1 << FULL);
	CASE_EQ(read(in[0], &c, 1), 1);
	control(EPOLL_CTL_ADD, TIMER, EPOLLIN);
	CASE_SYS(timerfd_settime(fds[TIMER], 0, &its, NULL));
	CASE_EQ(epoll_wait(epfd, &ev, 1, -1), 1);
	CASE_EQ(read(fds[TIMER], &count, 8), 8);
	control(EPOLL_CTL_ADD, ARMED, EPOLLIN);
	case_ready();
	CASE_EQ(ready(), 0);
	CASE_SYS(close(in[1]));
	CASE_SYS(close(out[0]));
	CASE_SYS(close(armed[1]));
	CASE_EQ(ready(), 1 << ARMED);
	CASE_EQ(ready(), 0);
	CASE_EQ(read(in[0], &c, 1), 0);
	CASE_EQ(read(fds[FULL], &count, 8), 8);
	CASE_EQ(count, 7);
	CASE_SYS(timerfd_gettime(fds[TIMER], &its));
	CASE_CHECK(its.it_value.tv_sec > 0, "the timer stands still");
	for (int i = 0; i < NR; i++)
		control(EPOLL_CTL_MOD, i, EPOLLIN | EPOLLOUT);
	CASE_EQ(ready(), 1 << EVENT | 1 << READER | 1 << WRITER | 1 << ARMED | 1 << FULL);
	return case_pass();
}
