/* SPDX-License-Identifier: GPL-2.0-only */
/* A program on a terminal of somebody else: --shell-job takes the terminal of the restore. */
/* pty: yes */
/* opts: --shell-job */
/* differs: fd/|tty_nr|tpgid|session|pgrp|NSsid|NSpgid|[pP][pP]id it gets those of the restore */
#include "case.h"

#include <fcntl.h>
#include <termios.h>

int main(void)
{
	int tty = CASE_SYS(dup(0));
	struct termios t;

	CASE_CHECK(isatty(tty), "descriptor 0 is no terminal");
	CASE_EQ(CASE_SYS(tcgetsid(tty)), getsid(0));
	CASE_CHECK(getsid(0) != getpid(), "it leads the session");
	case_ready();
	CASE_CHECK(isatty(tty), "no terminal any more");
	CASE_SYS(tcgetattr(tty, &t));
	CASE_EQ(CASE_SYS(tcgetsid(tty)), getsid(0));
	CASE_SYS(close(CASE_SYS(open("/dev/tty", O_RDWR))));
	return case_pass();
}
