/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers that would wake the machine: running, with an interval, at a time of the wall clock, and off. */
/* needs: cap:wake_alarm */
/* peer: no version 4.1 does not know these clocks */
#include "case.h"

#include <sys/timerfd.h>
#include <time.h>

enum { LEFT_S = 5000 };

static int make(int clock, int flags, struct itimerspec its)
{
	int fd = timerfd_create(clock, 0);

	if (fd < 0)
		case_skip("timerfd_create: %s", strerror(errno));
	CASE_SYS(timerfd_settime(fd, flags, &its, NULL));
	return fd;
}

int main(void)
{
	struct itimerspec rel = { .it_value.tv_sec = LEFT_S, .it_interval.tv_sec = 77 };
	struct itimerspec at = { .it_value.tv_sec = time(NULL) + LEFT_S };
	int boot = make(CLOCK_BOOTTIME_ALARM, 0, rel), wall = make(CLOCK_REALTIME_ALARM, 0, rel);
	int wall_at = make(CLOCK_REALTIME_ALARM, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, at);
	int off = make(CLOCK_BOOTTIME_ALARM, 0, (struct itimerspec){ 0 });
	int64_t start = case_now_ns(), passed;
	struct itimerspec now;

	case_ready();
	for (int i = 0; i < 2; i++) {
		CASE_SYS(timerfd_gettime(i ? boot : wall, &now));
		passed = LEFT_S - now.it_value.tv_sec;
		CASE_CHECK(passed >= 0 && passed <= (case_now_ns() - start) / 1000000000 + 1,
			   "%lld s have passed", (long long)passed);
		CASE_EQ(now.it_interval.tv_sec, 77);
	}
	CASE_SYS(timerfd_gettime(wall_at, &now));
	CASE_CHECK(now.it_value.tv_sec > 0 && now.it_value.tv_sec <= LEFT_S, "%lld s are left",
		   (long long)now.it_value.tv_sec);
	CASE_SYS(timerfd_gettime(off, &now));
	CASE_EQ(now.it_value.tv_sec, 0);
	return case_pass();
}
