/* SPDX-License-Identifier: GPL-2.0-only */
/* --external tty[...]: a terminal of outside comes back as the one that --inherit-fd names. */
/* pty: yes */
/* opts: --shell-job */
/* peer: no-restore moves the descriptor that it inherits and misses its standard input then */
/* differs: fd/|shares|tty_nr|tpgid|session|pgrp|NSsid|NSpgid|[pP][pP]id it gets those of the restore */
#include "external.h"

#include <fcntl.h>
#include <termios.h>

int main(void)
{
	int tty = CASE_SYS(open(ttyname(0) ?: "", O_RDWR | O_NOCTTY));
	struct termios t;
	char key[64];
	struct stat st;

	CASE_SYS(fstat(tty, &st));
	snprintf(key, sizeof(key), "tty[%x:%x]", (unsigned)st.st_rdev, (unsigned)st.st_dev);
	external_declare(key, 0);
	case_ready();
	CASE_CHECK(isatty(tty), "no terminal any more");
	CASE_SYS(tcgetattr(tty, &t));
	return case_pass();
}
