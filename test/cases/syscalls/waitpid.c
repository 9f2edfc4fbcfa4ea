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
	return BLOCKED_CALL(SYS_wait4, pid, NULL, 0, NULL);
}

static void wake(void)
{
	CASE_SYS(kill(pid, SIGKILL));
}

int main(void)
{
	pid = case_fork(child, NULL);
	return blocked_main(call, SYS_wait4, wake, pid);
}
