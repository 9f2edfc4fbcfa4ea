/* SPDX-License-Identifier: GPL-2.0-only */
/* A terminal that reads lines, with two that are complete, one that is still typed, and their echoes. */
/* peer: no loses a line that is still typed, and has the others echoed again */
#include "pty.h"

int main(void)
{
	int master = pty_master(), slave = pty_slave(master, O_RDWR);
	static const char echo[] = "one\r\ntwo\r\nthr";
	struct pty_state was;

	CASE_EQ(write(master, "one\ntwo\nthr", 11), 11);
	while (pty_state(master).unread < (int)strlen(echo))
		usleep(1000);
	was = pty_state(master);
	case_ready();
	pty_same(master, &was);
	pty_expect(master, echo, strlen(echo));
	pty_expect(slave, "one\n", 4);
	pty_expect(slave, "two\n", 4);
	CASE_CHECK(!(pty_events(slave) & POLLIN), "a line more");
	/* Erases the last letter. */
	CASE_EQ(write(master, "\177ee\n", 4), 4);
	while (!(pty_events(slave) & POLLIN))
		usleep(1000);
	pty_expect(slave, "thee\n", 5);
	return case_pass();
}
