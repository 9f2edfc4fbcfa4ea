/* SPDX-License-Identifier: GPL-2.0-only */
/* A stopped child stays stopped, and SIGCONT lets it go on. */
/* not: stop the check after it sends SIGCONT to everybody */
#include "case.h"

#include <signal.h>
#include <sys/wait.h>

static void child(void *arg)
{
	(void)arg;
	raise(SIGSTOP);
}

int main(void)
{
	pid_t pid = case_fork(child, NULL);
	int status;

	CASE_EQ(CASE_SYS(waitpid(pid, &status, WUNTRACED)), pid);
	CASE_CHECK(WIFSTOPPED(status), "status %#x is not a stop", status);
	case_ready();
	CASE_EQ(case_state(pid), 'T');
	CASE_EQ(waitpid(pid, &status, WNOHANG), 0);
	CASE_SYS(kill(pid, SIGCONT));
	case_join(pid);
	return case_pass();
}
