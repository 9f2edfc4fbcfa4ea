/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a signalfd while no signal is there. */
#include "blocked.h"

#include <signal.h>
#include <sys/signalfd.h>

static int fd;

static long call(void)
{
	struct signalfd_siginfo info;
	long n = BLOCKED_CALL(SYS_read, fd, &info, sizeof(info));

	return n == sizeof(info) ? (long)info.ssi_signo : n;
}

static void wake(void)
{
	CASE_SYS(kill(getpid(), SIGUSR1));
}

int main(void)
{
	sigset_t usr;

	sigemptyset(&usr);
	sigaddset(&usr, SIGUSR1);
	CASE_SYS(sigprocmask(SIG_BLOCK, &usr, NULL));
	fd = CASE_SYS(signalfd(-1, &usr, 0));
	return blocked_main(call, SYS_read, wake, SIGUSR1);
}
