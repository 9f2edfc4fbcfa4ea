/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that was dumped as external needs --inherit-fd: the restore names descriptor and key. */
/* between: true */
/* restore-refuse: cannot restore fd 3 of task \d+: file\[[0-9a-f]+:[0-9a-f]+\] was dumped as external.*pass --inherit-fd fd\[N\]:file\[ */
#include "external.h"

int main(void)
{
	int fd = case_make_file("file", 100, 67);

	CASE_EQ(fd, 3);
	external_words("dump-opts", "--external", external_file_key(fd));
	case_ready();
	return case_pass();
}
