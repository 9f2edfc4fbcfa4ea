/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ignored SIGTRAP stays ignored, and a blocked one keeps its handler: a breakpoint inside the task
 * would make the kernel reset both.
 */
/* peer: no wrong a breakpoint of its blobs makes the kernel reset the action */
#include "case.h"

#include <signal.h>

static void handler(int sig)
{
	(void)sig;
}

static void child(void *arg)
{
	struct sigaction now;
	sigset_t set;

	(void)arg;
	signal(SIGTRAP, handler);
	sigemptyset(&set);
	sigaddset(&set, SIGTRAP);
	CASE_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	case_here();
	case_wait_go();
	CASE_SYS(sigaction(SIGTRAP, NULL, &now));
	CASE_EQ(now.sa_handler, handler);
}

int main(void)
{
	struct sigaction now;
	pid_t pid;

	signal(SIGTRAP, SIG_IGN);
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	CASE_SYS(sigaction(SIGTRAP, NULL, &now));
	CASE_EQ(now.sa_handler, SIG_IGN);
	case_join(pid);
	return case_pass();
}
