/* SPDX-License-Identifier: GPL-2.0-only */
/* A master whose slave was closed, with the last words in the buffer: the hang-up comes after them. */
/* peer: no forgets that the slave was open, and what it wrote */
#include "pty.h"

int main(void)
{
	int master = pty_master(), slave = pty_slave(master, O_RDWR);
	struct pty_state was;
	char byte;

	pty_raw(slave);
	CASE_EQ(write(slave, "last words", 10), 10);
	CASE_SYS(close(slave));
	was = pty_state(master);
	CASE_CHECK(was.events & POLLHUP, "no hang-up");
	case_ready();
	pty_same(master, &was);
	pty_expect(master, "last words", 10);
	CASE_EQ(read(master, &byte, 1), -1);
	CASE_EQ(errno, EIO);
	slave = pty_slave(master, O_RDWR);
	pty_pass(slave, master, "back", "back");
	return case_pass();
}
