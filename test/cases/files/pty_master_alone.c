/* SPDX-License-Identifier: GPL-2.0-only */
/* A locked master whose slave nobody has opened yet. */
#include "pty.h"

int main(void)
{
	struct winsize ws = { .ws_row = 12, .ws_col = 34 };
	int master = pty_master(), lock = 1, fd;
	struct pty_state was;

	CASE_SYS(ioctl(master, TIOCSWINSZ, &ws));
	CASE_SYS(ioctl(master, TIOCSPTLCK, &lock));
	was = pty_state(master);
	CASE_EQ(was.events, POLLOUT);
	case_ready();
	pty_same(master, &was);
	CASE_EQ(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY), -1);
	lock = 0;
	CASE_SYS(ioctl(master, TIOCSPTLCK, &lock));
	fd = pty_slave(master, O_RDWR);
	pty_raw(fd);
	pty_pass(master, fd, "hello", "hello");
	return case_pass();
}
