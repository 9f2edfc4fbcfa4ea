/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers as descriptors: each clock, running and not, with interval and without, expired and not read; what
 * is left of them does not pass between dump and restore.
 */
#include "case.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <time.h>

static const struct {
	int clock;
	int create; /* TFD_* */
	int64_t value_ms, interval_ms;
} rows[] = {
	{ CLOCK_MONOTONIC, 0, 0, 0 },
	{ CLOCK_MONOTONIC, TFD_NONBLOCK, 5000000, 0 },
	{ CLOCK_MONOTONIC, TFD_CLOEXEC, 5000000, 123456 },
	{ CLOCK_REALTIME, 0, 5000000, 0 },
	{ CLOCK_BOOTTIME, 0, 5000000, 1 },
	{ CLOCK_MONOTONIC, 0, 0, 77 }, /* off, with an interval */
};

static int64_t ns(struct timespec t)
{
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static struct timespec spec(int64_t ns)
{
	return (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

static int make(size_t i)
{
	int fd = CASE_SYS(timerfd_create(rows[i].clock, rows[i].create));
	struct itimerspec its = { .it_value = spec(rows[i].value_ms * 1000000),
				  .it_interval = spec(rows[i].interval_ms * 1000000) };

	CASE_SYS(timerfd_settime(fd, 0, &its, NULL));
	return fd;
}

static int expired(int interval_ms)
{
	int fd = CASE_SYS(timerfd_create(CLOCK_MONOTONIC, 0));
	struct itimerspec its = { .it_value = spec(1000000),
				  .it_interval = spec(interval_ms * INT64_C(1000000)) };
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CASE_SYS(timerfd_settime(fd, 0, &its, NULL));
	CASE_EQ(poll(&p, 1, -1), 1);
	return fd;
}

static void check(int fd, const struct itimerspec *was, int64_t elapsed, size_t i)
{
	struct itimerspec now;
	uint64_t ticks;

	CASE_SYS(timerfd_gettime(fd, &now));
	CASE_EQ(ns(now.it_interval), ns(was->it_interval));
	CASE_CHECK(ns(now.it_value) <= ns(was->it_value) &&
			   ns(was->it_value) - ns(now.it_value) <= elapsed,
		   "timer %zu: %lld ns left, %lld before, in %lld ns", i,
		   (long long)ns(now.it_value), (long long)ns(was->it_value), (long long)elapsed);
	CASE_EQ(!ns(now.it_value), !ns(was->it_value));
	CASE_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, rows[i].create & TFD_NONBLOCK ? O_NONBLOCK : 0);
	CASE_SYS(fcntl(fd, F_SETFL, O_NONBLOCK));
	CASE_EQ(read(fd, &ticks, 8), -1);
	CASE_EQ(errno, EAGAIN);
}

int main(void)
{
	struct itimerspec was[CASE_NR(rows)], its;
	int fds[CASE_NR(rows)], once, again, often;
	uint64_t ticks;
	int64_t start;

	for (size_t i = 0; i < CASE_NR(rows); i++)
		fds[i] = make(i);
	once = expired(0);
	again = expired(1000000);
	often = expired(3);
	start = case_now_ns();
	for (size_t i = 0; i < CASE_NR(rows); i++)
		CASE_SYS(timerfd_gettime(fds[i], &was[i]));
	case_ready();
	for (size_t i = 0; i < CASE_NR(rows); i++)
		check(fds[i], &was[i], case_now_ns() - start, i);
	CASE_EQ(read(once, &ticks, 8), 8);
	CASE_EQ(ticks, 1);
	CASE_SYS(timerfd_gettime(once, &its));
	CASE_EQ(ns(its.it_value), 0);
	/* Its next one is far; it was counted once. */
	CASE_EQ(read(again, &ticks, 8), 8);
	CASE_EQ(ticks, 1);
	CASE_SYS(timerfd_gettime(again, &its));
	CASE_EQ(ns(its.it_interval), INT64_C(1000000) * 1000000);
	CASE_CHECK(ns(its.it_value) > 0, "the periodic timer stands still");
	CASE_EQ(read(often, &ticks, 8), 8);
	CASE_CHECK(ticks >= 1, "no tick");
	CASE_EQ(read(often, &ticks, 8), 8);
	return case_pass();
}
