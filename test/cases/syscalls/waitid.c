/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for a child that ends after the restore. */
#include "case.h"

#include <signal.h>
#include <sys/wait.h>
#include "blocked.h"

static pid_t pid;

static void child(void *arg)
{
	(void)arg;
	for (;;)
		pause();
}

static long call(void)
{
	siginfo_t info;

	return BLOCKED_CALL(SYS_waitid, P_PID, pid, &info, WEXITED, NULL);
}

static void wake(void)
{
	CASE_SYS(kill(pid, SIGKILL));
}

int main(void)
{
	pid = case_fork(child, NULL);
	return blocked_main(call, SYS_waitid, wake, 0);
}
