/* SPDX-License-Identifier: GPL-2.0-only */
/* The same without the option is refused, and the option is named. */
/* refuse: /null \(deleted\)\): the file has lost this name but has 1 other name.*pass --evasive-devices */
/* needs: root */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int main(void)
{
	int fd;

	if (mknod("null", S_IFCHR | 0666, makedev(1, 3)) < 0)
		case_skip("mknod: %s", strerror(errno));
	fd = open("null", O_RDWR);
	if (fd < 0)
		case_skip("open of a device node: %s", strerror(errno));
	CASE_SYS(link("null", "other"));
	CASE_SYS(unlink("null"));
	CASE_SYS(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	case_ready();
	CASE_EQ(write(fd, "gone", 4), 4);
	return case_pass();
}
