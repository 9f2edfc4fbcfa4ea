/* SPDX-License-Identifier: GPL-2.0-only */
/* Real-time signals queue: their number, order and values, in both queues. */
/* not: stop SIGCONT would be pending too */
#include "case.h"

#include <signal.h>
#include <sys/syscall.h>

#define NR 40

static void queue(int sig, int number, bool shared)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	info.si_value.sival_int = number;
	if (shared)
		CASE_SYS(syscall(SYS_rt_sigqueueinfo, getpid(), sig, &info));
	else
		CASE_SYS(syscall(SYS_rt_tgsigqueueinfo, getpid(), case_tid(), sig, &info));
}

static void check(int sig, int number)
{
	struct timespec none = {};
	siginfo_t got;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CASE_EQ(CASE_SYS(sigtimedwait(&set, &got, &none)), sig);
	CASE_EQ(got.si_value.sival_int, number);
}

int main(void)
{
	sigset_t set;

	sigfillset(&set);
	CASE_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < NR; i++) {
		queue(SIGRTMIN + 3, 1000 + i, true);
		queue(SIGRTMIN + 3, 2000 + i, false);
		queue(SIGRTMIN + 1 - i % 2, 3000 + i, true);
	}
	case_ready();
	/* The private queue is asked first. */
	for (int i = 0; i < NR; i++)
		check(SIGRTMIN + 3, 2000 + i);
	for (int i = 0; i < NR; i++)
		check(SIGRTMIN + 3, 1000 + i);
	for (int i = 0; i < NR; i++)
		check(SIGRTMIN + 1 - i % 2, 3000 + i);
	return case_pass();
}
