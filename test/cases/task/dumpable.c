/* SPDX-License-Identifier: GPL-2.0-only */
/* A task that may not be dumped by others, and one that may. */
#include "case.h"

#include <sys/prctl.h>

static void child(void *arg)
{
	(void)arg;
	CASE_SYS(prctl(PR_SET_DUMPABLE, 0));
	case_here();
	case_wait_go();
	CASE_EQ(prctl(PR_GET_DUMPABLE), 0);
}

int main(void)
{
	pid_t pid = case_fork(child, NULL);

	case_wait_here(1);
	case_ready();
	CASE_EQ(prctl(PR_GET_DUMPABLE), 1);
	case_join(pid);
	return case_pass();
}
