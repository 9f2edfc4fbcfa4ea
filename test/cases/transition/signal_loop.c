/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Real-time signals with a running number fly between two processes; none is lost, doubled or out of
 * order.
 */
/* busy: it changes all the time */
#include "case.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static volatile int *expected, wrong;

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_value.sival_int != *expected && !wrong)
		wrong = info->si_value.sival_int * 1000 + *expected % 1000 + 1;
	++*expected;
}

/* With one processor and a queue that is never empty the receiver would run nothing but its handler. */
static void wait_for_receiver(int sent)
{
	for (int i = 0; sent > *expected && i < 20000; i++)
		usleep(100);
}

static void sender(void *target)
{
	union sigval value = {};

	while (!case_go() || value.sival_int < 2000) {
		if (sigqueue(*(pid_t *)target, SIGRTMIN, value) == 0)
			value.sival_int++;
		else
			CASE_CHECK(errno == EAGAIN, "sigqueue: %s", strerror(errno));
		if (value.sival_int % 512 == 0)
			wait_for_receiver(value.sival_int);
	}
	value.sival_int = -1;
	_exit(0);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };
	pid_t self = getpid(), pid;
	bool said = false;

	expected = CASE_SYS(
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	CASE_SYS(sigaction(SIGRTMIN, &sa, NULL));
	pid = case_fork(sender, &self);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		CASE_CHECK(!wrong, "signal %d came where %d was expected (mod 1000)", wrong / 1000,
			   wrong % 1000 - 1);
		if (!said && *expected > 500) {
			case_say_ready();
			said = true;
		}
	}
	CASE_CHECK(!wrong, "signal %d came where %d was expected (mod 1000)", wrong / 1000,
		   wrong % 1000 - 1);
	CASE_CHECK(*expected >= 2000, "only %d signals came", *expected);
	return case_pass();
}
