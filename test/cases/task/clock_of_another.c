/* SPDX-License-Identifier: GPL-2.0-only */
/* A timer on the processor time of another process: it counts on. */
#include "case.h"

#include <signal.h>
#include <time.h>

static void child(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
	while (access("end", F_OK) < 0)
		;
}

int main(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	struct itimerspec set = { { 0, 0 }, { 0, 100000000 } };
	clockid_t clock;
	timer_t timer;
	sigset_t sigs;
	pid_t pid = case_fork(child, NULL);
	int sig;

	case_wait_here(1);
	sigemptyset(&sigs);
	sigaddset(&sigs, SIGRTMIN);
	CASE_SYS(sigprocmask(SIG_BLOCK, &sigs, NULL));
	CASE_EQ(clock_getcpuclockid(pid, &clock), 0);
	CASE_SYS(timer_create(clock, &ev, &timer));
	CASE_SYS(timer_settime(timer, 0, &set, NULL));
	case_ready();
	CASE_EQ(sigwait(&sigs, &sig), 0);
	case_write_file("end", "");
	case_join(pid);
	CASE_SYS(unlink("end"));
	return case_pass();
}
