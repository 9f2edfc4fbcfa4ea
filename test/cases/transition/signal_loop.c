/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Real-time signals with a running number fly between two processes; none is lost, doubled or out of
 * order.
 */
/* busy: it changes all the time */
#include "case.h"

#include <signal.h>
#include <sys/wait.h>

static volatile int expected, wrong;

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_value.sival_int != expected && !wrong)
		wrong = info->si_value.sival_int * 1000 + expected % 1000 + 1;
	expected++;
}

static void sender(void *target)
{
	union sigval value = {};

	while (!case_go() || value.sival_int < 2000) {
		if (sigqueue(*(pid_t *)target, SIGRTMIN, value) == 0)
			value.sival_int++;
		else
			CASE_CHECK(errno == EAGAIN, "sigqueue: %s", strerror(errno));
		if (value.sival_int % 64 == 0)
			usleep(100);
	}
	value.sival_int = -1;
	_exit(0);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };
	pid_t self = getpid(), pid;
	bool said = false;

	CASE_SYS(sigaction(SIGRTMIN, &sa, NULL));
	pid = case_fork(sender, &self);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		CASE_CHECK(!wrong, "signal %d came where %d was expected (mod 1000)", wrong / 1000,
			   wrong % 1000 - 1);
		if (!said && expected > 500) {
			case_say_ready();
			said = true;
		}
	}
	CASE_CHECK(!wrong, "signal %d came where %d was expected (mod 1000)", wrong / 1000,
		   wrong % 1000 - 1);
	CASE_CHECK(expected >= 2000, "only %d signals came", expected);
	return case_pass();
}
