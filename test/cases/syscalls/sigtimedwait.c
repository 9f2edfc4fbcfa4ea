/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for a signal with a limit that is reached: EAGAIN. */
/* timed: */
/* peer: no-dump wrong ends the call with EINTR */
/* differs: SigBlk a waiting thread shows its mask without the awaited signals */
#include "case.h"

#include <signal.h>
#include <time.h>
#include "blocked.h"

static long call(void)
{
	uint64_t mask = 1ULL << (SIGUSR1 - 1);
	struct timespec ts = { case_wait_s(), 0 };

	return BLOCKED_CALL(SYS_rt_sigtimedwait, &mask, NULL, &ts, 8);
}

int main(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CASE_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	return blocked_main(call, SYS_rt_sigtimedwait, NULL, -EAGAIN);
}
