/* SPDX-License-Identifier: GPL-2.0-only */
/* Fifty generations: each process waits for its child, and hands its sum on. */
#include "case.h"

#include <sys/wait.h>

#define DEPTH 50

static pid_t pids[DEPTH];

static int generation(int number)
{
	int status, secret = number * 3 % 5;
	pid_t pid, parent = getppid();

	if (number == DEPTH)
		return 0;
	pid = CASE_SYS(fork());
	if (!pid) {
		status = generation(number + 1);
		_exit(status);
	}
	pids[number] = pid;
	case_here();
	case_wait_go();
	CASE_EQ(getppid(), parent);
	CASE_EQ(CASE_SYS(waitpid(-1, &status, 0)), pid);
	CASE_CHECK(WIFEXITED(status), "generation %d ended with %#x", number + 1, status);
	return WEXITSTATUS(status) + secret;
}

int main(void)
{
	int status, sum = 0;
	pid_t pid = CASE_SYS(fork());

	if (!pid)
		_exit(generation(0));
	case_wait_here(DEPTH);
	case_ready();
	CASE_EQ(CASE_SYS(waitpid(pid, &status, 0)), pid);
	for (int i = 0; i < DEPTH; i++)
		sum += i * 3 % 5;
	CASE_EQ(status, W_EXITCODE(sum, 0));
	return case_pass();
}
