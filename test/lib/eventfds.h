/* SPDX-License-Identifier: GPL-2.0-only */
/* eventfds with known counters, checked by reading and writing them. */
#ifndef TEST_EVENTFDS_H
#define TEST_EVENTFDS_H

#include <fcntl.h>
#include <sys/eventfd.h>

#include "case.h"

struct eventfd_want {
	uint64_t counter;
	int flags; /* EFD_* */
};

static inline int eventfd_make(const struct eventfd_want *w)
{
	int fd = CASE_SYS(eventfd(0, w->flags));

	if (w->counter)
		CASE_EQ(write(fd, &w->counter, 8), 8);
	return fd;
}

static inline void eventfd_check(int fd, const struct eventfd_want *w)
{
	uint64_t left = w->counter, got;

	CASE_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, w->flags & EFD_NONBLOCK ? O_NONBLOCK : 0);
	CASE_EQ(fcntl(fd, F_GETFD), w->flags & EFD_CLOEXEC ? FD_CLOEXEC : 0);
	CASE_SYS(fcntl(fd, F_SETFL, O_NONBLOCK));
	if (w->flags & EFD_SEMAPHORE && left) {
		CASE_EQ(read(fd, &got, 8), 8);
		CASE_EQ(got, 1);
		left--;
	}
	if (w->flags & EFD_SEMAPHORE && left < 10) {
		for (; left; left--)
			CASE_EQ(read(fd, &got, 8), 8);
	} else if (!(w->flags & EFD_SEMAPHORE) && left) {
		CASE_EQ(read(fd, &got, 8), 8);
		CASE_EQ(got, left);
		left = 0;
	}
	if (!left) {
		CASE_EQ(read(fd, &got, 8), -1);
		CASE_EQ(errno, EAGAIN);
		return;
	}
	/* A semaphore near its end: one was taken, so one fits in and a second does not. */
	got = 1;
	CASE_EQ(write(fd, &got, 8), 8);
	CASE_EQ(write(fd, &got, 8), -1);
	CASE_EQ(errno, EAGAIN);
}

#endif
