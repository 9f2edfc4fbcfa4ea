/* SPDX-License-Identifier: GPL-2.0-only */
/* Output that was stopped (^S) is refused: nothing can ask a terminal for that. */
/* refuse: output is stopped */
/* peer: no lets it go on */
#include "pty.h"

int main(void)
{
	int master = pty_master(), slave = pty_slave(master, O_RDWR);

	CASE_SYS(tcflow(slave, TCOOFF));
	CASE_CHECK(!(pty_events(slave) & POLLOUT), "not stopped");
	case_ready();
	CASE_CHECK(!(pty_events(slave) & POLLOUT), "not stopped any more");
	return case_pass();
}
