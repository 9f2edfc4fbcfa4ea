/* SPDX-License-Identifier: GPL-2.0-only */
/* Children that ended and were not waited for keep their exit status, all eight bits of it. */
/* peer: no-restore wrong keeps seven bits of the status of a zombie */
#include "case.h"

#include <sys/wait.h>

int main(void)
{
	pid_t pid[2];

	for (int i = 0; i < 2; i++) {
		siginfo_t info;

		pid[i] = CASE_SYS(fork());
		if (!pid[i])
			_exit(i * 60 + 135);
		CASE_SYS(waitid(P_PID, pid[i], &info, WEXITED | WNOWAIT));
	}
	case_ready();
	for (int i = 0; i < 2; i++) {
		int status;

		CASE_EQ(case_state(pid[i]), 'Z');
		CASE_EQ(CASE_SYS(waitpid(pid[i], &status, 0)), pid[i]);
		CASE_CHECK(WIFEXITED(status), "status %#x is not an exit", status);
		CASE_EQ(WEXITSTATUS(status), i * 60 + 135);
	}
	return case_pass();
}
