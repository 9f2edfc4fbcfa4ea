/* SPDX-License-Identifier: GPL-2.0-only */
/* A slave of which /proc says that it is closed on exec, although it is not. */
/* refuse: O_CLOEXEC */
/* peer: no believes what /proc says */
#include "pty.h"

int main(void)
{
	int master = pty_master();
	int slave = CASE_SYS(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));

	CASE_SYS(dup2(slave, 9));
	case_ready();
	CASE_EQ(CASE_SYS(fcntl(9, F_GETFD)), 0);
	return case_pass();
}
