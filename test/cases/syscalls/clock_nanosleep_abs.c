/* SPDX-License-Identifier: GPL-2.0-only */
/* A sleep until a moment ends at that moment, however long the program was away. */
/* timed: */
#include "case.h"

#include <time.h>
#include "blocked.h"

static long call(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += case_wait_s();
	return BLOCKED_CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

int main(void)
{
	blocked_main(call, SYS_clock_nanosleep, NULL, 0);
	CASE_CHECK(blocked_ns >= case_wait_s() * 1000000000LL, "it returned after %ld ms",
		   (long)(blocked_ns / 1000000));
	return case_pass();
}
