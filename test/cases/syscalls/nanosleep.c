/* SPDX-License-Identifier: GPL-2.0-only */
/* A relative sleep lasts at least its time and is not cut short. */
/* timed: */
/* peer: no-dump wrong ends the call with EINTR */
#include "case.h"

#include <time.h>
#include "blocked.h"

static long call(void)
{
	struct timespec ts = { case_wait_s(), 0 };

	return BLOCKED_CALL(SYS_nanosleep, &ts, &ts);
}

int main(void)
{
	blocked_main(call, SYS_nanosleep, NULL, 0);
	CASE_CHECK(blocked_ns >= case_wait_s() * 1000000000LL, "it returned after %ld ms",
		   (long)(blocked_ns / 1000000));
	return case_pass();
}
