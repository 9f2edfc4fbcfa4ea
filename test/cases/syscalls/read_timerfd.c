/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a timer that has not gone off. */
#include "blocked.h"

#include <sys/timerfd.h>
#include <time.h>

static int fd;

static long call(void)
{
	uint64_t ticks;
	long n = BLOCKED_CALL(SYS_read, fd, &ticks, 8);

	return n == 8 ? (long)ticks : n;
}

static void wake(void)
{
	struct itimerspec its = { .it_value.tv_nsec = 1 };

	CASE_SYS(timerfd_settime(fd, 0, &its, NULL));
}

int main(void)
{
	struct itimerspec its = { .it_value.tv_sec = 100000 };

	fd = CASE_SYS(timerfd_create(CLOCK_MONOTONIC, 0));
	CASE_SYS(timerfd_settime(fd, 0, &its, NULL));
	return blocked_main(call, SYS_read, wake, 1);
}
