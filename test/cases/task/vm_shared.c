/* SPDX-License-Identifier: GPL-2.0-only */
/* Two processes that share their memory (CLONE_VM) are refused. */
/* refuse: share.*memory|memory.*share|CLONE_VM */
#include "case.h"

#include <sched.h>
#include <signal.h>

static int child(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
	return 0;
}

int main(void)
{
	static char stack[65536];
	pid_t pid = CASE_SYS(clone(child, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL));

	case_wait_here(1);
	case_ready();
	case_join(pid);
	return case_pass();
}
