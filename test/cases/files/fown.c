/* SPDX-License-Identifier: GPL-2.0-only */
/* Owner and signal of a descriptor: a process, a group, and a thread; the signal comes. */
#include "case.h"

#include <fcntl.h>
#include <signal.h>

static volatile int got;

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	got = info->si_fd + 1;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	struct f_owner_ex thread = { F_OWNER_TID, getpid() }, now;
	int p[2], group[2], tid[2];

	CASE_SYS(pipe(p));
	CASE_SYS(pipe(group));
	CASE_SYS(pipe(tid));
	CASE_SYS(fcntl(p[0], F_SETOWN, getpid()));
	CASE_SYS(fcntl(p[0], F_SETSIG, SIGUSR1));
	CASE_SYS(fcntl(p[0], F_SETFL, O_ASYNC));
	CASE_SYS(fcntl(group[0], F_SETOWN, -getpgrp()));
	CASE_SYS(fcntl(tid[0], F_SETOWN_EX, &thread));
	CASE_SYS(fcntl(tid[0], F_SETSIG, SIGUSR2));
	CASE_SYS(sigaction(SIGUSR1, &sa, NULL));
	case_ready();
	CASE_EQ(fcntl(p[0], F_GETOWN), getpid());
	CASE_EQ(fcntl(p[0], F_GETSIG), SIGUSR1);
	CASE_EQ(fcntl(group[0], F_GETOWN), -getpgrp());
	CASE_SYS(fcntl(tid[0], F_GETOWN_EX, &now));
	CASE_EQ(now.type, F_OWNER_TID);
	CASE_EQ(now.pid, getpid());
	CASE_EQ(fcntl(tid[0], F_GETSIG), SIGUSR2);
	CASE_EQ(write(p[1], "x", 1), 1);
	while (!got)
		case_sleep_ms(1);
	CASE_EQ(got - 1, p[0]);
	return case_pass();
}
