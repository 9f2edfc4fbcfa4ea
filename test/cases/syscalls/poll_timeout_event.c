/* SPDX-License-Identifier: GPL-2.0-only */
/* poll() with a limit, ended by an event long before it. */
/* peer: no-dump wrong ends the call with EINTR */
#include "case.h"

#include <poll.h>
#include "blocked.h"

static int ends[2];

static long call(void)
{
	struct pollfd p = { .fd = ends[0], .events = POLLIN };

	return BLOCKED_CALL(SYS_poll, &p, 1, 1000000);
}

static void wake(void)
{
	CASE_EQ(write(ends[1], "x", 1), 1);
}

int main(void)
{
	CASE_SYS(pipe(ends));
	return blocked_main(call, SYS_poll, wake, 1);
}
