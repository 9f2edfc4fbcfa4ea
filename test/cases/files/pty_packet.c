/* SPDX-License-Identifier: GPL-2.0-only */
/* Packet mode, exclusive use and locked modes; with bytes in the buffer. */
/* peer: no takes the status byte of packet mode for data, and does not lock modes */
#include "pty.h"

int main(void)
{
	int master = pty_master(), slave = pty_slave(master, O_RDWR), on = 1;
	struct pty_state was;
	struct termios t;
	int exclusive;

	pty_raw(slave);
	memset(&t, 0, sizeof(t));
	t.c_lflag = ECHO;
	CASE_SYS(ioctl(slave, TIOCSLCKTRMIOS, &t));
	CASE_SYS(ioctl(slave, TIOCEXCL));
	CASE_SYS(ioctl(master, TIOCPKT, &on));
	CASE_EQ(write(slave, "data", 4), 4);
	was = pty_state(master);
	case_ready();
	pty_same(master, &was);
	CASE_SYS(ioctl(slave, TIOCGEXCL, &exclusive));
	CASE_EQ(exclusive, 1);
	pty_expect(master, "\0data", 5);
	CASE_SYS(tcflush(slave, TCIFLUSH));
	pty_expect(master, "\1", 1);
	return case_pass();
}
