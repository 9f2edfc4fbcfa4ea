/* SPDX-License-Identifier: GPL-2.0-only */
/* A futex wait until a moment of the clock. */
/* timed: */
/* peer: no-dump wrong ends the call with EINTR */
#include "case.h"

#include <linux/futex.h>
#include <time.h>
#include "blocked.h"

static uint32_t word;

static long call(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += case_wait_s();

	long r = BLOCKED_CALL(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &ts, NULL, 1);

	/* The call may be issued again after the word has changed. */
	return r == -EAGAIN ? 0 : r;
}

int main(void)
{
	blocked_main(call, SYS_futex, NULL, -ETIMEDOUT);
	CASE_CHECK(blocked_ns >= case_wait_s() * 1000000000LL, "it returned after %ld ms",
		   (long)(blocked_ns / 1000000));
	return case_pass();
}
