/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of the kernel is refused by name. */
/* refuse: /dev/kmsg */
/* peer: no takes it for an ordinary device */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int fd = open("/dev/kmsg", O_RDONLY);

	if (fd < 0)
		case_skip("kmsg: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
