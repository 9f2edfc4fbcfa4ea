/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers that come due: by signal, to one thread, and by SIGEV_THREAD of the C library. */
/* differs: task/.*SigBlk a thread in sigwait() shows its mask without the awaited signals */
#include "case.h"

#include <signal.h>
#include <time.h>

static volatile int by_signal, by_thread, by_tid;
static pid_t target;

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (sig == SIGRTMIN + 1)
		by_signal = info->si_value.sival_int;
	else
		by_tid = case_tid() == target ? info->si_value.sival_int : -1;
}

static void notify(union sigval value)
{
	by_thread = value.sival_int;
}

static timer_t arm(struct sigevent ev)
{
	struct itimerspec long_time = { .it_value = { 2000, 0 } };
	timer_t t;

	CASE_SYS(timer_create(CLOCK_MONOTONIC, &ev, &t));
	CASE_SYS(timer_settime(t, 0, &long_time, NULL));
	return t;
}

static void *body(void *arg)
{
	(void)arg;
	target = case_tid();
	case_here();
	case_wait_go();
	while (!by_tid)
		case_sleep_ms(1);
	return NULL;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct itimerspec soon = { .it_value = { 0, 1000000 } };
	timer_t t[3];

	CASE_SYS(sigaction(SIGRTMIN + 1, &sa, NULL));
	CASE_SYS(sigaction(SIGRTMIN + 2, &sa, NULL));
	case_threads(1, body);
	case_wait_here(1);
	struct sigevent to_tid = { .sigev_notify = SIGEV_THREAD_ID,
				   .sigev_signo = SIGRTMIN + 2,
				   .sigev_value.sival_int = 33 };
	to_tid._sigev_un._tid = target;
	t[0] = arm((struct sigevent){ .sigev_notify = SIGEV_SIGNAL,
				      .sigev_signo = SIGRTMIN + 1,
				      .sigev_value.sival_int = 11 });
	t[1] = arm((struct sigevent){ .sigev_notify = SIGEV_THREAD,
				      .sigev_notify_function = notify,
				      .sigev_value.sival_int = 22 });
	t[2] = arm(to_tid);
	case_ready();
	for (int i = 0; i < 3; i++)
		CASE_SYS(timer_settime(t[i], 0, &soon, NULL));
	while (!by_signal || !by_thread || !by_tid)
		case_sleep_ms(1);
	CASE_EQ(by_signal, 11);
	CASE_EQ(by_thread, 22);
	CASE_EQ(by_tid, 33);
	case_threads_join();
	return case_pass();
}
