/* SPDX-License-Identifier: GPL-2.0-only */
/* A serial line keeps its state in a device. */
/* refuse: serial line */
/* needs: file:/dev/ttyS0 */
/* peer: no can dump it */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		case_skip("/dev/ttyS0: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
