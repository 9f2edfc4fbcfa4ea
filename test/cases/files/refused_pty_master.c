/* SPDX-License-Identifier: GPL-2.0-only */
/* A terminal made by the program is refused by name. */
/* refuse: tty|pty|terminal|/dev/ptmx */
/* peer: no can dump it */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	if (fd < 0)
		case_skip("pty_master: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
