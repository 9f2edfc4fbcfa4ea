/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * POSIX timers of each way to notify and of several clocks, with their ids (one in the middle was
 * deleted), intervals, time left and whether they are armed.
 */
#include "case.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

struct timer {
	clockid_t clock;
	int notify;
	int sig;
	int flags; /* TIMER_ABSTIME or 0; -1: not armed */
	int id;
};

#define RT 34 /* SIGRTMIN of the C library */

static struct timer timers[] = {
	{ CLOCK_REALTIME, SIGEV_SIGNAL, RT, 0, -1 },
	{ CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, -1, -1 },
	{ CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, -1 },
	{ CLOCK_BOOTTIME, SIGEV_THREAD_ID, RT + 1, 0, -1 },
	{ CLOCK_MONOTONIC, SIGEV_SIGNAL, RT + 2, TIMER_ABSTIME, -1 },
	{ CLOCK_TAI, SIGEV_SIGNAL, RT + 2, 0, -1 },
	{ CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, RT + 3, 0, -1 },
	{ CLOCK_THREAD_CPUTIME_ID, SIGEV_SIGNAL, RT + 3, 0, -1 },
};

static void make(struct timer *t, int number)
{
	struct itimerspec set = { { number + 1, 1000 * number }, { 1000, 0 } };
	struct sigevent ev = { .sigev_notify = t->notify, .sigev_signo = t->sig };
	struct timespec now;
	int gap;

	ev.sigev_value.sival_ptr = (void *)(0x1000L + number);
	ev._sigev_un._tid = case_tid();
	CASE_SYS(syscall(SYS_timer_create, t->clock, &ev, &gap));
	CASE_SYS(syscall(SYS_timer_create, t->clock, &ev, &t->id));
	CASE_SYS(syscall(SYS_timer_delete, gap));
	if (t->flags == TIMER_ABSTIME) {
		CASE_SYS(clock_gettime(t->clock, &now));
		set.it_value.tv_sec += now.tv_sec;
	}
	if (t->flags >= 0)
		CASE_SYS(syscall(SYS_timer_settime, t->id, t->flags, &set, NULL));
}

static void check(struct timer *t, int number)
{
	struct itimerspec now;

	CASE_SYS(syscall(SYS_timer_gettime, t->id, &now));
	CASE_EQ(now.it_interval.tv_sec, t->flags < 0 ? 0 : number + 1);
	CASE_EQ(now.it_interval.tv_nsec, t->flags < 0 ? 0 : number * 1000);
	if (t->flags < 0)
		CASE_EQ(now.it_value.tv_sec, 0);
	else
		CASE_CHECK(now.it_value.tv_sec > 700 && now.it_value.tv_sec <= 1001,
			   "timer %d: %ld s are left", number, (long)now.it_value.tv_sec);
	CASE_EQ(syscall(SYS_timer_getoverrun, t->id), 0);
}

int main(void)
{
	for (unsigned i = 0; i < CASE_NR(timers); i++)
		make(&timers[i], i);
	case_ready();
	for (unsigned i = 0; i < CASE_NR(timers); i++)
		check(&timers[i], i);
	return case_pass();
}
