/* SPDX-License-Identifier: GPL-2.0-only */
/* An interval timer that fires all the time goes on firing. */
/* differs: status/S(..Pnd|igBlk) the timer fires at any time, and its handler may run */
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
	struct itimerval set = { { 0, 3000 }, { 0, 3000 } };
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	int before;

	CASE_SYS(sigaction(SIGALRM, &sa, NULL));
	CASE_SYS(setitimer(ITIMER_REAL, &set, NULL));
	case_ready();
	before = fired;
	while (fired < before + 10)
		case_sleep_ms(1);
	return case_pass();
}
