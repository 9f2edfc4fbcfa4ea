/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The signal a task gets when its parent dies, which many calls that a restore makes clear; it still
 * comes afterwards.
 */
#include "case.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static void grandchild(void *arg)
{
	sigset_t set;
	int got, sig = 0;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CASE_SYS(prctl(PR_SET_PDEATHSIG, SIGUSR2));
	case_here();
	case_wait_go();
	CASE_SYS(prctl(PR_GET_PDEATHSIG, &got));
	CASE_EQ(got, SIGUSR2);
	CASE_EQ(sigwait(&set, &sig), 0);
	CASE_EQ(sig, SIGUSR2);
}

static void child(void *arg)
{
	case_fork(grandchild, arg);
	case_here();
	case_wait_go();
	/* Let the grandchild look first. */
	case_sleep_ms(50);
}

int main(void)
{
	int status, other;
	pid_t pid;

	CASE_SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	CASE_SYS(prctl(PR_SET_PDEATHSIG, SIGWINCH));
	pid = case_fork(child, NULL);
	case_wait_here(2);
	case_ready();
	CASE_SYS(prctl(PR_GET_PDEATHSIG, &other));
	CASE_EQ(other, SIGWINCH);
	case_join(pid);
	CASE_SYS(wait(&status));
	CASE_EQ(status, 0);
	return case_pass();
}
