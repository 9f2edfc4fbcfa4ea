/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dumped in a handler that interrupted a handler that interrupted one more, each with a mask of its
 * own: each returns to the one below it, and the masks come back in turn.
 */
#include "case.h"

#include <signal.h>

#define NR 4

static const int sigs[NR] = { SIGUSR1, 64, SIGWINCH, SIGUSR2 };
static sigset_t inside[NR];
static volatile int level;

static void same_mask(int number)
{
	sigset_t now;

	CASE_SYS(sigprocmask(SIG_SETMASK, NULL, &now));
	for (int sig = 1; sig < 65; sig++)
		CASE_CHECK(sigismember(&now, sig) == sigismember(&inside[number], sig),
			   "level %d: signal %d is %sblocked", number, sig,
			   sigismember(&now, sig) == 1 ? "" : "not ");
}

static void handler(int sig)
{
	volatile double half = sig + 0.5;
	int me = level++;

	CASE_SYS(sigprocmask(SIG_SETMASK, NULL, &inside[me]));
	if (level < NR)
		raise(sigs[level]);
	else
		case_ready();
	same_mask(me);
	CASE_EQ(level, me + 1);
	CASE_CHECK(half == sigs[me] + 0.5, "level %d: another local variable", me);
	level--;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler };
	sigset_t before, after;

	for (int i = 0; i < NR; i++) {
		sigemptyset(&sa.sa_mask);
		sigaddset(&sa.sa_mask, SIGRTMIN + 3 * i);
		CASE_SYS(sigaction(sigs[i], &sa, NULL));
	}
	CASE_SYS(sigprocmask(SIG_SETMASK, NULL, &before));
	raise(sigs[0]);
	CASE_SYS(sigprocmask(SIG_SETMASK, NULL, &after));
	CASE_CHECK(!memcmp(&before, &after, 8), "the mask of before is not back");
	CASE_EQ(level, 0);
	return case_pass();
}
