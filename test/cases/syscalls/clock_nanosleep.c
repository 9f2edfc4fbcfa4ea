/* SPDX-License-Identifier: GPL-2.0-only */
/* A relative sleep by another clock. */
/* timed: */
/* peer: no-dump wrong ends the call with EINTR */
#include "case.h"

#include <time.h>
#include "blocked.h"

static long call(void)
{
	struct timespec ts = { case_wait_s(), 0 };

	return BLOCKED_CALL(SYS_clock_nanosleep, CLOCK_BOOTTIME, 0, &ts, &ts);
}

int main(void)
{
	blocked_main(call, SYS_clock_nanosleep, NULL, 0);
	CASE_CHECK(blocked_ns >= case_wait_s() * 1000000000LL, "it returned after %ld ms",
		   (long)(blocked_ns / 1000000));
	return case_pass();
}
