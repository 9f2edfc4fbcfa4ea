/* SPDX-License-Identifier: GPL-2.0-only */
/* pselect() with a signal mask: the mask of before is back when it returns. */
/* differs: SigBlk a waiting thread shows the mask of the call */
#include "case.h"

#include <signal.h>
#include <sys/select.h>
#include "blocked.h"

static int ends[2];

static long call(void)
{
	uint64_t mask = 1ULL << (SIGUSR1 - 1), now;
	struct {
		uint64_t *mask;
		size_t len;
	} arg = { &mask, 8 };
	fd_set set;
	long r;

	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	r = BLOCKED_CALL(SYS_pselect6, ends[0] + 1, &set, NULL, NULL, NULL, &arg);
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
	return blocked_main(call, SYS_pselect6, wake, 1);
}
