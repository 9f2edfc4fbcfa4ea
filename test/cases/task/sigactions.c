/* SPDX-License-Identifier: GPL-2.0-only */
/* What each signal does: ignored, default, handlers with every flag and with masks. */
/* not: stop SIGCONT would run a handler without a way back */
#include "case.h"

#include <signal.h>
#include <sys/syscall.h>

struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static const unsigned long flags[] = {
	SA_NOCLDSTOP, SA_NOCLDWAIT, SA_SIGINFO,	  SA_ONSTACK,
	SA_RESTART,   SA_NODEFER,   SA_RESETHAND, SA_RESTART | SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
};

static void handler(int sig)
{
	(void)sig;
}

static void action(int sig, struct kernel_action *new, struct kernel_action *old)
{
	CASE_SYS(syscall(SYS_rt_sigaction, sig, new, old, 8));
}

int main(void)
{
	static struct kernel_action before[65], now;

	for (int sig = 1; sig <= 64; sig++) {
		struct kernel_action a = {
			.handler = sig % 5 == 0 ? (void *)SIG_IGN :
				   sig % 7 == 0 ? (void *)SIG_DFL :
						  (void *)handler,
			.flags = flags[sig % CASE_NR(flags)] | 0x04000000 /* SA_RESTORER */,
			.restorer = (void *)(0x7000000000UL + sig * 16),
			.mask = 0x0123456789abcdefULL * sig &
				~(1ULL << (SIGKILL - 1) | 1ULL << (SIGSTOP - 1)),
		};
		if (sig == SIGKILL || sig == SIGSTOP || sig == SIGTRAP)
			continue;
		action(sig, &a, NULL);
		action(sig, NULL, &before[sig]);
	}
	case_ready();
	for (int sig = 1; sig <= 64; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP || sig == SIGTRAP)
			continue;
		action(sig, NULL, &now);
		CASE_CHECK(!memcmp(&now, &before[sig], sizeof(now)),
			   "signal %d: handler %p flags %#lx restorer %p mask %#lx", sig,
			   now.handler, now.flags, now.restorer, now.mask);
	}
	return case_pass();
}
