/* SPDX-License-Identifier: GPL-2.0-only */
/* A status of packet mode that was not read is refused: reading it would take it from the program. */
/* refuse: status of packet mode */
/* peer: no loses it */
#include "pty.h"

int main(void)
{
	int master = pty_master(), slave = pty_slave(master, O_RDWR), on = 1;

	CASE_SYS(ioctl(master, TIOCPKT, &on));
	CASE_SYS(tcflush(slave, TCIFLUSH));
	case_ready();
	pty_expect(master, "\1", 1);
	return case_pass();
}
