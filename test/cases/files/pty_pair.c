/* SPDX-License-Identifier: GPL-2.0-only */
/* Both sides of a terminal: number, modes, window size, flags of several descriptors, and both directions. */
/* peer: differs fd/6/flags opens all slaves by path, which sets O_LARGEFILE */
#include "pty.h"

#include <stdlib.h>

int main(void)
{
	int master = pty_master(), slave = pty_slave(master, O_RDWR);
	int reader = pty_slave(master, O_RDONLY | O_NONBLOCK);
	int peer = CASE_SYS(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	struct winsize ws = { .ws_row = 43, .ws_col = 132, .ws_xpixel = 7, .ws_ypixel = 9 };
	struct stat before, after;
	char name[64], other[64];
	struct pty_state was;
	struct termios t;

	CASE_SYS(ioctl(slave, TIOCSWINSZ, &ws));
	CASE_SYS(tcgetattr(slave, &t));
	t.c_iflag |= IXOFF | ISTRIP;
	t.c_lflag &= ~(tcflag_t)ECHO;
	t.c_cc[VINTR] = 'x' & 31;
	t.c_cc[VMIN] = 3;
	CASE_SYS(tcsetattr(slave, TCSANOW, &t));
	CASE_SYS(fchown(slave, 12, 34));
	CASE_SYS(fchmod(slave, 0606));
	CASE_SYS(fstat(slave, &before));
	CASE_EQ(ttyname_r(slave, name, sizeof(name)), 0);
	was = pty_state(master);
	case_ready();
	pty_same(master, &was);
	CASE_EQ(ttyname_r(slave, other, sizeof(other)), 0);
	CASE_CHECK(!strcmp(name, other), "%s instead of %s", other, name);
	CASE_SYS(fstat(slave, &after));
	CASE_EQ(after.st_uid, before.st_uid);
	CASE_EQ(after.st_gid, before.st_gid);
	CASE_EQ(after.st_mode, before.st_mode);
	CASE_EQ(after.st_rdev, before.st_rdev);
	pty_pass(master, slave, "to the slave\n", "to the slave\n");
	pty_pass(slave, master, "to the master\n", "to the master\r\n");
	pty_pass(master, peer, "again\n", "again\n");
	CASE_EQ(read(reader, name, sizeof(name)), -1);
	CASE_EQ(errno, EAGAIN);
	CASE_SYS(close(master));
	CASE_EQ(read(slave, name, sizeof(name)), 0);
	return case_pass();
}
