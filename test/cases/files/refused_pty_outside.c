/* SPDX-License-Identifier: GPL-2.0-only */
/* The slave is open in a process outside of the tree, too: it would be hung up. */
/* refuse: open in process [0-9]+, which is outside */
/* peer: no does not see it */
#include "outside.h"
#include "pty.h"

static int master;

static void open_slave(void)
{
	pty_slave(master, O_RDWR);
	CASE_SYS(close(master));
	CASE_SYS(setsid());
}

int main(void)
{
	pid_t other;

	master = pty_master();
	other = outside_start(open_slave);
	case_ready();
	CASE_CHECK(!(pty_events(master) & POLLHUP), "a hang-up");
	outside_end(other);
	return case_pass();
}
