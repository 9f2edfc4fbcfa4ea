/* SPDX-License-Identifier: GPL-2.0-only */
/* A pidfd of a process outside of the tree is refused. */
/* refuse: it is of process 1, which is outside of the dumped tree */
/* peer: no version 4.1 fails without a reason */
#include "case.h"

#include <sys/syscall.h>

int main(void)
{
	if (syscall(SYS_pidfd_open, getppid(), 0) < 0)
		case_skip("pidfd_open: %s", strerror(errno));
	case_ready();
	return case_pass();
}
