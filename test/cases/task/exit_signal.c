/* SPDX-License-Identifier: GPL-2.0-only */
/* Children that end with another signal than SIGCHLD, or with none. */
/* peer: no wrong gives every child SIGCHLD */
#include "case.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static volatile sig_atomic_t got;

static void handler(int sig)
{
	got = sig;
}

static pid_t start(int sig)
{
	pid_t pid = CASE_SYS(syscall(SYS_clone, sig, 0, 0, 0, 0));

	if (!pid) {
		case_here();
		case_wait_go();
		_exit(0);
	}
	return pid;
}

int main(void)
{
	pid_t with, without;

	signal(SIGUSR2, handler);
	with = start(SIGUSR2);
	without = start(0);
	case_wait_here(2);
	case_ready();
	CASE_EQ(waitpid(with, NULL, __WALL), with);
	CASE_EQ(waitpid(without, NULL, __WALL), without);
	CASE_EQ(got, SIGUSR2);
	return case_pass();
}
