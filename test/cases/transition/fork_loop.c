/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes are forked and reaped as fast as possible, three deep; each must end with the status it was
 * told, and wait() must know every one of them.
 */
/* busy: it changes all the time */
#include "case.h"

#include <sys/wait.h>

static void spawn(int depth, int code)
{
	pid_t pid = CASE_SYS(fork());
	int status;

	if (!pid) {
		if (depth)
			spawn(depth - 1, code + 1);
		_exit(code);
	}
	CASE_EQ(CASE_SYS(waitpid(pid, &status, 0)), pid);
	CASE_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == code,
		   "child %d: status %#x instead of exit %d", pid, status, code);
}

int main(void)
{
	for (int round = 0; !case_go(); round++) {
		spawn(2, round % 50);
		if (round == 20)
			case_say_ready();
	}
	for (int round = 0; round < 20; round++)
		spawn(2, round);
	CASE_EQ(wait(NULL), -1);
	CASE_EQ(errno, ECHILD);
	return case_pass();
}
