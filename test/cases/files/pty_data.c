/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes that wait in both directions, of a terminal that changes none of them. */
#include "pty.h"

int main(void)
{
	int master = pty_master(), slave = pty_slave(master, O_RDWR);
	static const char in[] = "\0in\r\n\377\003\004\021\023x", out[] = "\0out\n\r\377y";
	struct pty_state was;
	int unread;

	pty_raw(slave);
	CASE_EQ(write(master, in, sizeof(in)), sizeof(in));
	CASE_EQ(write(slave, out, sizeof(out)), sizeof(out));
	was = pty_state(master);
	CASE_EQ(was.unread, sizeof(out));
	case_ready();
	pty_same(master, &was);
	CASE_SYS(ioctl(slave, FIONREAD, &unread));
	CASE_EQ(unread, sizeof(in));
	pty_expect(slave, in, sizeof(in));
	pty_expect(master, out, sizeof(out));
	pty_pass(slave, master, "on", "on");
	pty_pass(master, slave, "and on", "and on");
	return case_pass();
}
