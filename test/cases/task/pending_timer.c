/* SPDX-License-Identifier: GPL-2.0-only */
/* Signals of timers that came due while they were blocked: whose they are and what they carry. */
/* not: stop SIGCONT would be pending too */
#include "case.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#define NR 5

static int ids[NR];

static void make(int number)
{
	struct itimerspec soon = { { 0, 0 }, { 0, 1000000 } };
	struct sigevent ev = { .sigev_notify = number % 2 ? SIGEV_THREAD_ID : SIGEV_SIGNAL,
			       .sigev_signo = SIGRTMIN + number };

	ev.sigev_value.sival_ptr = (void *)(0x123456789000L + number);
	ev._sigev_un._tid = getpid();
	CASE_SYS(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &ids[number]));
	CASE_SYS(syscall(SYS_timer_settime, ids[number], 0, &soon, NULL));
}

static void check(int number)
{
	struct timespec none = {};
	struct itimerspec now;
	siginfo_t got;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + number);
	CASE_EQ(CASE_SYS(sigtimedwait(&set, &got, &none)), SIGRTMIN + number);
	CASE_EQ(got.si_code, SI_TIMER);
	CASE_EQ(got.si_timerid, ids[number]);
	CASE_EQ((long)got.si_value.sival_ptr, 0x123456789000L + number);
	CASE_EQ(got.si_overrun, 0);
	CASE_SYS(syscall(SYS_timer_gettime, ids[number], &now));
	CASE_EQ(now.it_value.tv_nsec, 0);
	CASE_EQ(sigtimedwait(&set, &got, &none), -1);
}

int main(void)
{
	sigset_t set, pending;

	sigfillset(&set);
	CASE_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < NR; i++)
		make(i);
	for (int i = 0; i < NR; i++) {
		do {
			case_sleep_ms(1);
			CASE_SYS(sigpending(&pending));
		} while (!sigismember(&pending, SIGRTMIN + i));
	}
	case_ready();
	for (int i = 0; i < NR; i++)
		check(i);
	return case_pass();
}
