/* SPDX-License-Identifier: GPL-2.0-only */
/* A child made with CLONE_FILES: both have one table of descriptors. */
#include "case.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>

static int child(void *arg)
{
	int fd;

	case_here();
	case_wait_go();
	/* What one opens the other sees. */
	fd = CASE_SYS(open("/dev/null", O_RDWR));
	CASE_EQ(fd, *(int *)arg);
	return 0;
}

int main(void)
{
	static char stack[65536];
	int next = CASE_SYS(dup(0));
	pid_t pid;

	close(next);
	pid = CASE_SYS(clone(child, stack + sizeof(stack), CLONE_FILES | SIGCHLD, &next));

	case_wait_here(1);
	case_ready();
	case_join(pid);
	CASE_CHECK(fcntl(next, F_GETFD) >= 0, "the child opened %d and the parent does not have it",
		   next);
	return case_pass();
}
