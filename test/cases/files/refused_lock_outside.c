/* SPDX-License-Identifier: GPL-2.0-only */
/* A locked description that a process outside of the tree has too: the lock would stay there. */
/* opts: --file-locks */
/* refuse: the locked file is shared with process \d+ .*outside of the dumped tree */
/* peer: no does not look for it */
#include "locks.h"

#include <sys/wait.h>

/* The case itself is the tree; a child of a child that has ended belongs to the driver. */
static void outsider(void *arg)
{
	pid_t pid = CASE_SYS(fork());

	(void)arg;
	if (pid)
		return;
	case_here();
	case_wait_go();
	_exit(0);
}

int main(void)
{
	int fd = case_make_file("file", 100, 1);

	CASE_SYS(flock(fd, LOCK_EX));
	case_join(case_fork(outsider, NULL));
	case_wait_here(1);
	case_ready();
	return case_pass();
}
