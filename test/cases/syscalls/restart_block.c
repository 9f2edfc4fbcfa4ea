/* SPDX-License-Identifier: GPL-2.0-only */
/* A sleep that was stopped and continued before the dump: it waits in restart_syscall(). */
/* timed: */
/* peer: no-dump wrong ends the call with EINTR */
#include "case.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static void child(void *arg)
{
	struct timespec ts = { 2 * case_wait_s(), 0 };
	int64_t start = case_now_ns();

	(void)arg;
	case_here();
	CASE_SYS(nanosleep(&ts, NULL));
	CASE_CHECK(case_now_ns() - start / 1000000000 >= 2 * case_wait_s(), "it slept too short");
}

int main(void)
{
	pid_t pid = case_fork(child, NULL);
	int status;

	case_wait_here(1);
	case_sleep_ms(20);
	CASE_SYS(kill(pid, SIGSTOP));
	CASE_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CASE_SYS(kill(pid, SIGCONT));
	case_sleep_ms(20);
	case_ready();
	case_join(pid);
	return case_pass();
}
