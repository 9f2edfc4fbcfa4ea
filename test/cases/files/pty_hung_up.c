/* SPDX-License-Identifier: GPL-2.0-only */
/* Slaves whose master was closed: reading gives an end of file, writing an error. */
/* peer: differs fd/[56]/flags opens all slaves by path, which sets O_LARGEFILE */
#include "pty.h"

int main(void)
{
	int master = pty_master(), slave = pty_slave(master, O_RDWR);
	int peer = CASE_SYS(ioctl(master, TIOCGPTPEER, O_RDONLY | O_NOCTTY | O_NONBLOCK));
	short events, others;
	struct stat before, after;
	struct termios t;
	char byte;

	CASE_SYS(close(master));
	events = pty_events(slave);
	others = pty_events(peer);
	CASE_CHECK(events & POLLHUP, "no hang-up");
	CASE_SYS(fstat(slave, &before));
	case_ready();
	CASE_EQ(pty_events(slave), events);
	CASE_EQ(pty_events(peer), others);
	CASE_SYS(fstat(slave, &after));
	CASE_EQ(after.st_rdev, before.st_rdev);
	CASE_EQ(after.st_nlink, before.st_nlink);
	CASE_EQ(read(slave, &byte, 1), 0);
	CASE_EQ(read(peer, &byte, 1), 0);
	CASE_EQ(write(slave, "x", 1), -1);
	CASE_EQ(errno, EIO);
	CASE_EQ(tcgetattr(slave, &t), -1);
	CASE_EQ(errno, EIO);
	return case_pass();
}
