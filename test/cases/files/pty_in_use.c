/* SPDX-License-Identifier: GPL-2.0-only */
/* The number of a terminal is taken when it is to come back. */
/* restore-shell: exec 9<>/dev/ptmx */
/* restore-refuse: terminal 0 again: /dev/pts/0 is in use */
/* peer: no names another reason */
#include "pty.h"

int main(void)
{
	int master = pty_master();

	if (pty_number(master))
		case_skip("terminal %u is not the first", pty_number(master));
	case_ready();
	return case_pass();
}
