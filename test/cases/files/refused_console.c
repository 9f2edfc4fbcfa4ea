/* SPDX-License-Identifier: GPL-2.0-only */
/* A virtual console stays where its screen is. */
/* refuse: virtual console */
/* needs: file:/dev/tty1 */
/* peer: no can dump it */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int fd = open("/dev/tty1", O_RDWR | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		case_skip("/dev/tty1: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
