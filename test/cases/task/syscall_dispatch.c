/* SPDX-License-Identifier: GPL-2.0-only */
/* Syscall user dispatch (as Wine uses it): refused by name. */
/* needs: kernel:6.4 */
/* refuse: thread [0-9]+ has syscall user dispatch */
/* peer: no wrong does not save it */
#include "case.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static volatile char selector;
static volatile int caught;

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	selector = 0;
	caught = info->si_syscall;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	CASE_SYS(sigaction(SIGSYS, &sa, NULL));
	if (prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, 1, 0, 0, &selector) < 0)
		case_skip("PR_SET_SYSCALL_USER_DISPATCH: %s", strerror(errno));
	case_ready();
	selector = 1;
	syscall(SYS_getuid);
	selector = 0;
	CASE_EQ(caught, SYS_getuid);
	return case_pass();
}
