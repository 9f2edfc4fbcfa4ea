/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A periodic timer, a short one that is set again each time it goes off, and an event counter that both feed, all waited
 * for in one epoll: no expiration and no count may get lost, none may come early.
 */
/* busy: it changes all the time */
/* peer: no-dump ends epoll_wait with EINTR */
#include "case.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

static int periodic, single, counter, epfd;
static uint64_t fed, taken, periodic_ticks, single_ticks;

static void set(int fd, long value_ns, long interval_ns)
{
	struct itimerspec its = { .it_value.tv_nsec = value_ns,
				  .it_interval.tv_nsec = interval_ns };

	CASE_SYS(timerfd_settime(fd, 0, &its, NULL));
}

static void feed(int fd, uint64_t *ticks)
{
	uint64_t n;

	CASE_EQ(read(fd, &n, 8), 8);
	CASE_CHECK(n > 0, "read no expiration");
	*ticks += n;
	n += UINT64_C(1) << 40;
	CASE_EQ(write(counter, &n, 8), 8);
	fed += n;
}

static void add(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev));
}

static void one_round(void)
{
	struct epoll_event ev;
	uint64_t n;

	CASE_EQ(epoll_wait(epfd, &ev, 1, -1), 1);
	if (ev.data.fd == periodic) {
		feed(periodic, &periodic_ticks);
	} else if (ev.data.fd == single) {
		feed(single, &single_ticks);
		set(single, 300000, 0);
	} else {
		CASE_EQ(ev.data.fd, counter);
		CASE_EQ(read(counter, &n, 8), 8);
		taken += n;
	}
}

int main(void)
{
	int64_t start = case_now_ns();
	unsigned rounds = 0;

	epfd = CASE_SYS(epoll_create1(0));
	counter = CASE_SYS(eventfd(0, EFD_NONBLOCK));
	periodic = CASE_SYS(timerfd_create(CLOCK_MONOTONIC, 0));
	single = CASE_SYS(timerfd_create(CLOCK_BOOTTIME, 0));
	add(periodic);
	add(single);
	add(counter);
	set(periodic, 1000000, 1000000);
	set(single, 300000, 0);
	for (; !case_go() || rounds < 1000; rounds++) {
		one_round();
		if (rounds == 100)
			case_say_ready();
	}
	while (taken != fed)
		one_round();
	CASE_CHECK(periodic_ticks <= (uint64_t)(case_now_ns() - start) / 1000000 + 1,
		   "%llu expirations are too many", (unsigned long long)periodic_ticks);
	CASE_CHECK(periodic_ticks > 10 && single_ticks > 10, "a timer does not go on");
	return case_pass();
}
