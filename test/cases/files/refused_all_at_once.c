/* SPDX-License-Identifier: GPL-2.0-only */
/* Several things that cannot be dumped, in two processes: one refusal names them all. */
/* refuse: eventfd */
/* refuse: socket */
/* refuse: timerfd */
/* peer: no can dump them */
#include "case.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

static void child(void *arg)
{
	(void)arg;
	CASE_SYS(timerfd_create(CLOCK_MONOTONIC, 0));
	case_here();
	case_wait_go();
}

int main(void)
{
	pid_t pid = case_fork(child, NULL);

	CASE_SYS(eventfd(1, 0));
	CASE_SYS(socket(AF_UNIX, SOCK_DGRAM, 0));
	case_wait_here(1);
	case_ready();
	case_join(pid);
	return case_pass();
}
