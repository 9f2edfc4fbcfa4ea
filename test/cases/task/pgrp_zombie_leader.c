/* SPDX-License-Identifier: GPL-2.0-only */
/* The leader of a group has ended and nobody waited for it: its members are still of that group. */
#include "case.h"

#include <signal.h>
#include <sys/wait.h>

static pid_t group;

static void leader(void *arg)
{
	(void)arg;
	CASE_SYS(setpgid(0, 0));
	case_here();
	while (access("end", F_OK) < 0)
		case_sleep_ms(1);
}

static void member(void *arg)
{
	(void)arg;
	CASE_SYS(setpgid(0, group));
	case_here();
	for (;;)
		pause();
}

int main(void)
{
	siginfo_t info;
	pid_t pids[3];
	int status;

	group = case_fork(leader, NULL);
	case_wait_here(1);
	for (int i = 0; i < 3; i++)
		pids[i] = case_fork(member, NULL);
	case_wait_here(4);
	case_write_file("end", "");
	CASE_SYS(waitid(P_PID, group, &info, WEXITED | WNOWAIT));
	CASE_SYS(unlink("end"));
	case_ready();
	CASE_EQ(waitpid(-group, &status, 0), group);
	CASE_EQ(status, 0);
	CASE_EQ(waitpid(-group, &status, WNOHANG), 0);
	for (int i = 0; i < 3; i++)
		CASE_EQ(getpgid(pids[i]), group);
	CASE_SYS(kill(-group, SIGUSR1));
	for (int i = 0; i < 3; i++) {
		CASE_SYS(waitid(P_PGID, group, &info, WEXITED));
		CASE_EQ(info.si_status, SIGUSR1);
	}
	return case_pass();
}
