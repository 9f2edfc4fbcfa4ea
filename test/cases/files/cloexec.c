/* SPDX-License-Identifier: GPL-2.0-only */
/* Close-on-exec belongs to the descriptor: one copy has it, the other has not, and a child's may be the other way round. */
#include "case.h"

#include <fcntl.h>

static int a, b, c;

static void child(void *arg)
{
	(void)arg;
	CASE_SYS(fcntl(a, F_SETFD, 0));
	CASE_SYS(fcntl(b, F_SETFD, FD_CLOEXEC));
	CASE_SYS(fcntl(c, F_SETFD, FD_CLOEXEC));
	case_here();
	case_wait_go();
	CASE_EQ(fcntl(a, F_GETFD), 0);
	CASE_EQ(fcntl(b, F_GETFD), FD_CLOEXEC);
	CASE_EQ(fcntl(c, F_GETFD), FD_CLOEXEC);
}

int main(void)
{
	int p[2];
	pid_t pid;

	a = CASE_SYS(open("/dev/null", O_RDWR | O_CLOEXEC));
	b = CASE_SYS(dup(a));
	c = CASE_SYS(open("/dev/null", O_RDWR));
	CASE_SYS(pipe2(p, O_CLOEXEC));
	CASE_SYS(fcntl(p[0], F_SETFD, 0));
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	CASE_EQ(fcntl(a, F_GETFD), FD_CLOEXEC);
	CASE_EQ(fcntl(b, F_GETFD), 0);
	CASE_EQ(fcntl(c, F_GETFD), 0);
	CASE_EQ(fcntl(p[0], F_GETFD), 0);
	CASE_EQ(fcntl(p[1], F_GETFD), FD_CLOEXEC);
	case_join(pid);
	return case_pass();
}
