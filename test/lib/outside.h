/* SPDX-License-Identifier: GPL-2.0-only */
/* A process outside of the tree: an orphan, so only for cases that are refused or not restored at all. */
#ifndef TEST_OUTSIDE_H
#define TEST_OUTSIDE_H

#include <signal.h>
#include <sys/wait.h>

#include "case.h"

/* @fn sets up and returns; the process then waits until outside_end().  Returns when it has set up. */
static inline pid_t outside_start(void (*fn)(void))
{
	int told[2];
	pid_t pid, between;

	CASE_SYS(pipe(told));
	between = CASE_SYS(fork());
	if (!between) {
		close(told[0]);
		pid = CASE_SYS(fork());
		if (pid)
			_exit(0);
		fn();
		pid = getpid();
		CASE_EQ(write(told[1], &pid, sizeof(pid)), sizeof(pid));
		close(told[1]);
		pause();
	}
	close(told[1]);
	CASE_EQ(waitpid(between, NULL, 0), between);
	CASE_EQ(read(told[0], &pid, sizeof(pid)), sizeof(pid));
	close(told[0]);
	return pid;
}

static inline void outside_end(pid_t pid)
{
	CASE_SYS(kill(pid, SIGKILL));
	while (!kill(pid, 0))
		case_sleep_ms(2);
}

#endif
