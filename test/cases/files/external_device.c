/* SPDX-License-Identifier: GPL-2.0-only */
/* A device that no dump knows may come from outside: the refusal says how, and so declared it is another device. */
/* restore-shell: touch %w/restored; exec 7</dev/null */
/* differs: fd/|shares it is another device */
/* between: true */
/* peer: no wants no such device, and one of the same mode at the restore */
#include "external.h"

#include <fcntl.h>

int main(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	char c;

	if (fd < 0)
		case_skip("kmsg: %s", strerror(errno));
	external_declare(external_file_key(fd), 7);
	case_ready();
	if (external_restored())
		CASE_EQ(read(fd, &c, 1), 0);
	return case_pass();
}
