/* SPDX-License-Identifier: GPL-2.0-only */
/* A pidfd is refused by name. */
/* refuse: pidfd */
/* peer: no version 4.1 can dump it */
#include "case.h"

#include <sys/syscall.h>

int main(void)
{
	int fd = syscall(SYS_pidfd_open, getpid(), 0);

	if (fd < 0)
		case_skip("pidfd: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
