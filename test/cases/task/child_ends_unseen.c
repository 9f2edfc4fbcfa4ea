/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Children that end after the restore leave no zombie where SIGCHLD is ignored or has SA_NOCLDWAIT,
 * and one where neither is so.
 */
#include "case.h"

#include <signal.h>
#include <sys/wait.h>

static volatile int came;

static void handler(int sig)
{
	(void)sig;
	came++;
}

static void child(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
}

/* A process of its own whose one child ends. */
static void parent(void *number)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_NOCLDSTOP };
	int how = *(int *)number, status;
	pid_t pid;

	if (how == 0)
		sa.sa_handler = SIG_IGN;
	else if (how == 1)
		sa.sa_flags |= SA_NOCLDWAIT;
	CASE_SYS(sigaction(SIGCHLD, &sa, NULL));
	pid = case_fork(child, NULL);
	case_here();
	case_wait_go();
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (how < 2)
		CASE_EQ(waitpid(-1, &status, 0), -1);
	else
		CASE_EQ(status, 0);
	CASE_EQ(came, how > 0);
	/* Only the ignored or collected one is gone for everybody. */
	CASE_EQ(kill(pid, 0), -1);
}

int main(void)
{
	pid_t pids[3];
	int how[3] = { 0, 1, 2 };

	for (int i = 0; i < 3; i++)
		pids[i] = case_fork(parent, &how[i]);
	case_wait_here(6);
	case_ready();
	for (int i = 0; i < 3; i++)
		case_join(pids[i]);
	return case_pass();
}
