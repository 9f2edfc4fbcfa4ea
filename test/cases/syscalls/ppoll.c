/* SPDX-License-Identifier: GPL-2.0-only */
/* ppoll() with a signal mask of its own. */
/* differs: SigBlk a waiting thread shows the mask of the call */
#include "case.h"

#include <poll.h>
#include <signal.h>
#include <time.h>
#include "blocked.h"

static int ends[2];

static long call(void)
{
	struct pollfd p = { .fd = ends[0], .events = POLLIN };
	struct timespec ts = { 1000, 0 };
	uint64_t mask = 1ULL << (SIGUSR1 - 1), now;
	long r = BLOCKED_CALL(SYS_ppoll, &p, 1, &ts, &mask, 8);

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &now, 8);
	CASE_EQ(now, 0);
	return r;
}

static void wake(void)
{
	CASE_EQ(write(ends[1], "x", 1), 1);
}

int main(void)
{
	CASE_SYS(pipe(ends));
	return blocked_main(call, SYS_ppoll, wake, 1);
}
