/* SPDX-License-Identifier: GPL-2.0-only */
/* poll() with a limit that is reached: the call restarts by a restart block. */
/* timed: */
/* peer: no-dump wrong ends the call with EINTR */
#include "case.h"

#include <poll.h>
#include "blocked.h"

static int ends[2];

static long call(void)
{
	struct pollfd p = { .fd = ends[0], .events = POLLIN };

	return BLOCKED_CALL(SYS_poll, &p, 1, case_wait_s() * 1000);
}

int main(void)
{
	CASE_SYS(pipe(ends));
	blocked_main(call, SYS_poll, NULL, 0);
	CASE_CHECK(blocked_ns >= case_wait_s() * 1000000000LL, "it returned after %ld ms",
		   (long)(blocked_ns / 1000000));
	return case_pass();
}
