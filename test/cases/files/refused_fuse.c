/* SPDX-License-Identifier: GPL-2.0-only */
/* An unconnected /dev/fuse is refused by name. */
/* refuse: fuse */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int fd = open("/dev/fuse", O_RDWR);

	if (fd < 0)
		case_skip("fuse: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
