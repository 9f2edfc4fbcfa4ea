/* SPDX-License-Identifier: GPL-2.0-only */
/* The device of network tunnels is refused by name. */
/* refuse: tun */
/* peer: no refuses dumps it in a network namespace of the tree only */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd < 0)
		case_skip("tun: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
