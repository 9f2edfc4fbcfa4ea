/* SPDX-License-Identifier: GPL-2.0-only */
/* sigsuspend() ends only when a handler has run, and the mask of before is back. */
/* differs: SigBlk a waiting thread shows the mask of the call */
#include "case.h"

#include <signal.h>
#include "blocked.h"

static volatile int handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static long call(void)
{
	uint64_t blocked = 1ULL << (SIGUSR1 - 1), none = 0, now;
	long r;

	CASE_SYS(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, 8));
	r = BLOCKED_CALL(SYS_rt_sigsuspend, &none, 8);
	CASE_EQ(handled, 1);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &now, 8);
	CASE_EQ(now, blocked);
	return r;
}

static void wake(void)
{
	CASE_SYS(syscall(SYS_tgkill, getpid(), blocked_tid, SIGUSR1));
}

int main(void)
{
	signal(SIGUSR1, handler);
	return blocked_main(call, SYS_rt_sigsuspend, wake, -EINTR);
}
