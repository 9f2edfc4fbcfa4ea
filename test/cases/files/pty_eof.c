/* SPDX-License-Identifier: GPL-2.0-only */
/* Ends of file (^D) and a quoted newline wait among the lines that a terminal has read. */
/* peer: no loses it */
#include "pty.h"

int main(void)
{
	int master = pty_master(), slave = pty_slave(master, O_RDWR);
	struct pty_state was;
	struct termios t;

	CASE_SYS(tcgetattr(slave, &t));
	t.c_lflag &= ~(tcflag_t)ECHO;
	CASE_SYS(tcsetattr(slave, TCSANOW, &t));
	CASE_EQ(write(master, "ab\026\nc\nde\004\004fg", 12), 12);
	while (!(pty_events(slave) & POLLIN))
		usleep(1000);
	usleep(50000);
	was = pty_state(master);
	case_ready();
	pty_same(master, &was);
	pty_expect(slave, "ab\nc\n", 5);
	pty_expect(slave, "de", 2);
	pty_expect(slave, "", 0);
	CASE_CHECK(!(pty_events(slave) & POLLIN), "a line more");
	CASE_EQ(write(master, "\n", 1), 1);
	while (!(pty_events(slave) & POLLIN))
		usleep(1000);
	pty_expect(slave, "fg\n", 3);
	return case_pass();
}
