/* SPDX-License-Identifier: GPL-2.0-only */
/* Dumped while a handler runs on the alternate stack, with its own mask; then it returns. */
#include "case.h"

#include <signal.h>

static char stack[65536];
static volatile int done;

static void handler(int sig, siginfo_t *info, void *context)
{
	sigset_t now;
	stack_t s;

	(void)context;
	case_ready();
	CASE_EQ(sig, SIGUSR1);
	CASE_EQ(info->si_value.sival_int, 1234);
	CASE_SYS(sigaltstack(NULL, &s));
	CASE_EQ(s.ss_flags, SS_ONSTACK);
	CASE_SYS(sigprocmask(SIG_BLOCK, NULL, &now));
	CASE_CHECK(sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2),
		   "the handler's mask is gone");
	done = 1;
}

int main(void)
{
	stack_t s = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_ONSTACK | SA_SIGINFO };
	union sigval value = { .sival_int = 1234 };
	sigset_t now;

	sigaddset(&sa.sa_mask, SIGUSR2);
	CASE_SYS(sigaltstack(&s, NULL));
	CASE_SYS(sigaction(SIGUSR1, &sa, NULL));
	CASE_SYS(sigqueue(getpid(), SIGUSR1, value));
	CASE_EQ(done, 1);
	CASE_SYS(sigprocmask(SIG_BLOCK, NULL, &now));
	CASE_CHECK(!sigismember(&now, SIGUSR1), "the mask of before the handler is not back");
	return case_pass();
}
