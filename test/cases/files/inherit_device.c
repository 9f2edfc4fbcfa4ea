/* SPDX-License-Identifier: GPL-2.0-only */
/* --inherit-fd with the path of a device, without its slash. */
/* restore-shell: touch %w/restored; exec 7</dev/null */
/* restore-opts: --inherit-fd fd[7]:dev/zero */
/* differs: fd/|shares it is another device */
/* between: true */
#include "external.h"

#include <fcntl.h>

int main(void)
{
	int fd = CASE_SYS(open("/dev/zero", O_RDONLY));
	char c = 'x';

	case_ready();
	CASE_EQ(read(fd, &c, 1), external_restored() ? 0 : 1);
	return case_pass();
}
