/* SPDX-License-Identifier: GPL-2.0-only */
/* With SA_NOCLDSTOP a child that stops sends nothing; without the flag it does, and says so. */
/* not: stop SIGCONT to everybody continues the child's stop */
#include "case.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int codes[8], nr;

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	codes[nr++ % 8] = info->si_code;
}

/* A file by which the parent says that it has had the news of SIGCONT; behind the end there would be none. */
static const char *told(pid_t pid)
{
	char name[32];

	snprintf(name, sizeof(name), "told.%d", pid);
	return case_path(name);
}

static void child(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
	raise(SIGSTOP);
	while (access(told(getpid()), F_OK))
		case_sleep_ms(1);
}

static void parent(void *flags)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = *(int *)flags };
	bool tells = !(sa.sa_flags & SA_NOCLDSTOP);
	siginfo_t info;
	pid_t pid;

	CASE_SYS(sigaction(SIGCHLD, &sa, NULL));
	pid = case_fork(child, NULL);
	case_here();
	case_wait_go();
	CASE_SYS(waitid(P_PID, pid, &info, WSTOPPED));
	CASE_EQ(info.si_status, SIGSTOP);
	CASE_EQ(nr, tells);
	if (tells)
		CASE_EQ(codes[0], CLD_STOPPED);
	CASE_SYS(kill(pid, SIGCONT));
	CASE_SYS(waitid(P_PID, pid, &info, WCONTINUED));
	case_write_file(told(pid), "");
	case_join(pid);
	/* The news of the stop, of SIGCONT and of the end; the last two may have become one, which is the first of them. */
	if (!tells || nr == 3)
		CASE_EQ(codes[nr - 1], CLD_EXITED);
	CASE_CHECK(tells ? nr == 2 || nr == 3 : nr == 1, "%d signals came", nr);
}

int main(void)
{
	int flags[] = { SA_SIGINFO | SA_RESTART, SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP };
	pid_t pids[2];

	for (int i = 0; i < 2; i++)
		pids[i] = case_fork(parent, &flags[i]);
	case_wait_here(4);
	case_ready();
	for (int i = 0; i < 2; i++)
		case_join(pids[i]);
	return case_pass();
}
