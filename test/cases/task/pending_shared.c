/* SPDX-License-Identifier: GPL-2.0-only */
/* Blocked signals sent to the process wait for any of its threads. */
/* not: stop SIGCONT would be pending too */
#include "case.h"

#include <signal.h>

int main(void)
{
	static const int sent[] = { SIGTERM, SIGHUP, SIGCHLD, SIGURG, SIGPIPE };
	struct timespec none = {};
	siginfo_t got;
	sigset_t set, now;

	sigfillset(&set);
	CASE_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	for (unsigned i = 0; i < CASE_NR(sent); i++)
		CASE_SYS(kill(getpid(), sent[i]));
	case_ready();
	CASE_SYS(sigpending(&now));
	for (int sig = 1; sig < 64; sig++) {
		bool was_sent = false;

		for (unsigned i = 0; i < CASE_NR(sent); i++)
			was_sent |= sent[i] == sig;
		CASE_EQ(sigismember(&now, sig) == 1, was_sent);
	}
	for (unsigned i = 0; i < CASE_NR(sent); i++) {
		CASE_SYS(sigtimedwait(&set, &got, &none));
		CASE_EQ(got.si_code, SI_USER);
		CASE_EQ(got.si_pid, getpid());
	}
	CASE_CHECK(sigtimedwait(&set, &got, &none) < 0, "signal %d came from nowhere",
		   got.si_signo);
	return case_pass();
}
