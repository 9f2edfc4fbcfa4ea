/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A parent in vfork() cannot be stopped until its child lets go: a bounded wait, then a refusal that says
 * so, and both go on.
 */
/* refuse: vfork|uninterruptible */
/* peer: no refuses waits until its timeout */
/* budget: 60s */
#include "case.h"

#include <sys/wait.h>

int main(void)
{
	pid_t pid = vfork();

	if (!pid) {
		case_ready();
		_exit(7);
	}
	int status;

	CASE_EQ(CASE_SYS(waitpid(pid, &status, 0)), pid);
	CASE_EQ(WEXITSTATUS(status), 7);
	return case_pass();
}
