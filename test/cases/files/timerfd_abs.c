/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers set to a time of a clock that counts from the start of the machine keep what is left of them. */
/* peer: no-restore version 4.1 forgets the nanoseconds of the time */
#include "case.h"

#include <sys/timerfd.h>
#include <time.h>

static const int clocks[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME };

static int64_t ns(struct timespec t)
{
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int make(int clock)
{
	int fd = CASE_SYS(timerfd_create(clock, TFD_NONBLOCK));
	struct itimerspec its = { .it_interval.tv_nsec = 5 };

	CASE_SYS(clock_gettime(clock, &its.it_value));
	its.it_value.tv_sec += 5000;
	CASE_SYS(timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL));
	return fd;
}

int main(void)
{
	struct itimerspec was[CASE_NR(clocks)], now;
	int fds[CASE_NR(clocks)];
	int64_t start, passed;

	for (size_t i = 0; i < CASE_NR(clocks); i++)
		fds[i] = make(clocks[i]);
	start = case_now_ns();
	for (size_t i = 0; i < CASE_NR(clocks); i++)
		CASE_SYS(timerfd_gettime(fds[i], &was[i]));
	case_ready();
	for (size_t i = 0; i < CASE_NR(clocks); i++) {
		CASE_SYS(timerfd_gettime(fds[i], &now));
		passed = ns(was[i].it_value) - ns(now.it_value);
		CASE_CHECK(passed >= 0 && passed <= case_now_ns() - start,
			   "of clock %d %lld ns have passed in %lld ns", clocks[i],
			   (long long)passed, (long long)(case_now_ns() - start));
		CASE_EQ(now.it_interval.tv_nsec, 5);
	}
	return case_pass();
}
