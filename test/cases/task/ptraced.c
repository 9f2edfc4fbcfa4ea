/* SPDX-License-Identifier: GPL-2.0-only */
/* A task that somebody traces already cannot be dumped; the refusal names it. */
/* refuse: trace */
#include "case.h"

#include <signal.h>
#include <sys/ptrace.h>

static void child(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
}

int main(void)
{
	pid_t pid = case_fork(child, NULL);

	case_wait_here(1);
	CASE_SYS(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	case_ready();
	CASE_SYS(kill(pid, 0));
	case_join(pid);
	return case_pass();
}
