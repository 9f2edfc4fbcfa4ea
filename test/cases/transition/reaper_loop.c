/* SPDX-License-Identifier: GPL-2.0-only */
/* Children are reaped by a handler of SIGCHLD while the program forks, sleeps and is interrupted: each once. */
/* busy: it changes all the time */
#include "case.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static volatile long reaped, sum;

static void handler(int sig)
{
	int saved = errno, status;

	(void)sig;
	while (waitpid(-1, &status, WNOHANG) > 0) {
		reaped++;
		sum += WEXITSTATUS(status);
	}
	errno = saved;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct timespec pause = { 0, 3000000 };
	long made = 0, want = 0;

	CASE_SYS(sigaction(SIGCHLD, &sa, NULL));
	for (; made < 100 || !case_go(); made++) {
		if (!CASE_SYS(fork()))
			_exit(made % 100);
		want += made % 100;
		if (made % 4 == 0 && nanosleep(&pause, NULL) < 0)
			CASE_EQ(errno, EINTR);
		if (made == 30)
			case_say_ready();
	}
	while (reaped < made)
		case_sleep_ms(1);
	CASE_EQ(reaped, made);
	CASE_EQ(sum, want);
	return case_pass();
}
