/* SPDX-License-Identifier: GPL-2.0-only */
/* An io_uring is refused by name. */
/* refuse: io_uring */
#include "case.h"

#include <sys/syscall.h>

int main(void)
{
	int fd = syscall(SYS_io_uring_setup, 4, (char[120]){});

	if (fd < 0)
		case_skip("io_uring: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
