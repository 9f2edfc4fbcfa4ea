/* SPDX-License-Identifier: GPL-2.0-only */
/* A terminal that was dumped as external needs --inherit-fd. */
/* pty: yes */
/* opts: --shell-job */
/* between: true */
/* restore-refuse: its terminal is external.*--inherit-fd fd\[N\]:tty\[ */
#include "external.h"

int main(void)
{
	char key[64];
	struct stat st;

	CASE_SYS(fstat(0, &st));
	snprintf(key, sizeof(key), "tty[%x:%x]", (unsigned)st.st_rdev, (unsigned)st.st_dev);
	external_words("dump-opts", "--external", key);
	case_ready();
	return case_pass();
}
