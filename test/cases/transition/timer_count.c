/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A periodic timer of 2 ms on a real-time signal that a thread waits for: with what it missed (overruns)
 * there are never more ticks than time went by, and they go on.
 */
/* busy: it changes all the time */
#include "case.h"

#include <signal.h>
#include <time.h>

#define PERIOD_NS 2000000

int main(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	struct itimerspec set = { { 0, PERIOD_NS }, { 0, PERIOD_NS } };
	int64_t began;
	long ticks = 0, waits = 0;
	siginfo_t info;
	sigset_t sigs;
	timer_t timer;

	sigemptyset(&sigs);
	sigaddset(&sigs, SIGRTMIN);
	CASE_SYS(sigprocmask(SIG_BLOCK, &sigs, NULL));
	ev.sigev_value.sival_int = 4711;
	CASE_SYS(timer_create(CLOCK_MONOTONIC, &ev, &timer));
	began = case_now_ns();
	CASE_SYS(timer_settime(timer, 0, &set, NULL));
	for (; waits < 100 || !case_go(); waits++) {
		while (sigwaitinfo(&sigs, &info) < 0)
			CASE_EQ(errno, EINTR);
		CASE_EQ(info.si_code, SI_TIMER);
		CASE_EQ(info.si_value.sival_int, 4711);
		ticks += 1 + timer_getoverrun(timer);
		/* A dump may bring the time left to its full length, never more ticks. */
		CASE_CHECK(ticks <= (case_now_ns() - began) / PERIOD_NS + 3, "%ld ticks in %lld ns",
			   ticks, (long long)(case_now_ns() - began));
		if (waits == 30)
			case_say_ready();
	}
	return case_pass();
}
