/* SPDX-License-Identifier: GPL-2.0-only */
/* pause() ends only when a handler has run. */
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
	long r = BLOCKED_CALL(SYS_pause);

	CASE_EQ(handled, 1);
	return r;
}

static void wake(void)
{
	CASE_SYS(syscall(SYS_tgkill, getpid(), blocked_tid, SIGUSR1));
}

int main(void)
{
	signal(SIGUSR1, handler);
	return blocked_main(call, SYS_pause, wake, -EINTR);
}
