/* SPDX-License-Identifier: GPL-2.0-only */
/* Children by vfork that become another program, all the time: each gives the status it was asked for. */
/* busy: it changes all the time */
#include "case.h"

#include <stdio.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
	char number[16], *args[] = { argv[0], number, NULL };
	volatile int round;
	int status;
	pid_t pid;

	if (argc > 1)
		return atoi(argv[1]);
	for (round = 0; round < 20 || !case_go(); round++) {
		snprintf(number, sizeof(number), "%d", round % 256);
		pid = vfork();
		if (!pid) {
			execv("/proc/self/exe", args);
			_exit(255);
		}
		CASE_EQ(CASE_SYS(waitpid(pid, &status, 0)), pid);
		CASE_EQ(status, W_EXITCODE(round % 256, 0));
		if (round == 5)
			case_say_ready();
	}
	return case_pass();
}
