/* SPDX-License-Identifier: GPL-2.0-only */
/* An absolute timer of the wall clock goes off at its time, also when that passes between dump and restore. */
/* between: sleep 1.2 */
/* peer: no version 4.1 keeps only what is left of the timer */
#include "case.h"

#include <sys/timerfd.h>
#include <time.h>

static int64_t now_ns(void)
{
	struct timespec t;

	CASE_SYS(clock_gettime(CLOCK_REALTIME, &t));
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int main(void)
{
	int fd = CASE_SYS(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	int64_t at = now_ns() + 1000000000;
	struct itimerspec its = { .it_value = { .tv_sec = at / 1000000000,
						.tv_nsec = at % 1000000000 } };
	uint64_t ticks;
	ssize_t n;

	CASE_SYS(timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL));
	case_ready();
	n = read(fd, &ticks, 8);
	/* The time the tool has noted may be later by as long as it took. */
	CASE_CHECK(n == 8 || now_ns() < at + 100000000, "the time has passed by %lld ns",
		   (long long)(now_ns() - at));
	if (n != 8) {
		CASE_SYS(timerfd_settime(fd, 0, &(struct itimerspec){ 0 }, &its));
		return case_pass();
	}
	CASE_EQ(ticks, 1);
	CASE_CHECK(now_ns() >= at, "it went off too early");
	return case_pass();
}
