/* SPDX-License-Identifier: GPL-2.0-only */
/* Children ended by signals and not waited for keep the signal in their status. */
#include "case.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

int main(void)
{
	static const int how[] = { SIGKILL, SIGTERM, SIGUSR1, SIGSEGV, 40 };
	struct rlimit no_core = { 0, 0 };
	pid_t pid[CASE_NR(how)];

	setrlimit(RLIMIT_CORE, &no_core);
	for (unsigned i = 0; i < CASE_NR(how); i++) {
		siginfo_t info;

		pid[i] = CASE_SYS(fork());
		if (!pid[i])
			for (;;)
				pause();
		CASE_SYS(kill(pid[i], how[i]));
		CASE_SYS(waitid(P_PID, pid[i], &info, WEXITED | WNOWAIT));
	}
	case_ready();
	for (unsigned i = 0; i < CASE_NR(how); i++) {
		int status;

		CASE_EQ(CASE_SYS(waitpid(pid[i], &status, 0)), pid[i]);
		CASE_CHECK(WIFSIGNALED(status), "status %#x is not a signal", status);
		CASE_EQ(WTERMSIG(status), how[i]);
	}
	return case_pass();
}
