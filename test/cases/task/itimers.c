/* SPDX-License-Identifier: GPL-2.0-only */
/* The three interval timers: what is left of them and their intervals; one fires afterwards. */
#include "case.h"

#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t fired;

static void handler(int sig)
{
	(void)sig;
	fired++;
}

int main(void)
{
	struct itimerval set[] = {
		{ { 7, 700 }, { 5000, 1000 } }, { { 8, 800 }, { 600, 2000 } }, { { 9, 900 }, { 700, 3000 } },
	}, now;

	signal(SIGALRM, handler);
	for (int i = 0; i < 3; i++)
		CASE_SYS(setitimer(i, &set[i], NULL));
	case_ready();
	for (int i = 0; i < 3; i++) {
		CASE_SYS(getitimer(i, &now));
		CASE_EQ(now.it_interval.tv_sec, set[i].it_interval.tv_sec);
		CASE_CHECK(labs(now.it_interval.tv_usec - set[i].it_interval.tv_usec) < 4100,
			   "timer %d: interval of %ld us", i, now.it_interval.tv_usec);
		/* The processor time is counted in ticks, and a set timer is rounded up. */
		CASE_CHECK(now.it_value.tv_sec <= set[i].it_value.tv_sec &&
				   now.it_value.tv_sec > set[i].it_value.tv_sec - 300,
			   "timer %d: %ld s left of %ld", i, now.it_value.tv_sec,
			   set[i].it_value.tv_sec);
	}
	CASE_EQ(fired, 0);
	set[0].it_value.tv_sec = 0;
	CASE_SYS(setitimer(ITIMER_REAL, &set[0], NULL));
	while (!fired)
		case_sleep_ms(1);
	return case_pass();
}
