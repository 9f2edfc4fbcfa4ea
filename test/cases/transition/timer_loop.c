/* SPDX-License-Identifier: GPL-2.0-only */
/* An interval timer of a millisecond runs while a clock is read: signals come, time never goes back. */
/* busy: it changes all the time */
#include "case.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>

static volatile unsigned fired;

static void handler(int sig)
{
	(void)sig;
	fired++;
}

int main(void)
{
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } };
	struct sigaction sa = { .sa_handler = handler };
	int64_t last = 0, now;
	unsigned before;

	CASE_SYS(sigaction(SIGALRM, &sa, NULL));
	CASE_SYS(setitimer(ITIMER_REAL, &every, NULL));
	while (fired < 30)
		;
	case_say_ready();
	do {
		struct timespec ts = { 0, 3000000 };

		now = case_now_ns();
		CASE_CHECK(now >= last, "the clock went back by %ld ns", (long)(last - now));
		last = now;
		/* Interrupted by the handler only. */
		before = fired;
		if (nanosleep(&ts, NULL) < 0)
			CASE_CHECK(fired != before, "EINTR without a signal");
	} while (!case_go());
	before = fired;
	while (fired < before + 30)
		;
	return case_pass();
}
