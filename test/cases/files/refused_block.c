/* SPDX-License-Identifier: GPL-2.0-only */
/* A block device is refused by name, and the key for --external is named. */
/* refuse: open block devices are not supported.*pass --external file\[ */
/* needs: root */
/* peer: no takes it for a file */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int main(void)
{
	if (mknod("disk", S_IFBLK | 0600, makedev(7, 0)) < 0)
		case_skip("mknod: %s", strerror(errno));
	if (open("disk", O_RDONLY) < 0)
		case_skip("open of a loop device: %s", strerror(errno));
	case_ready();
	return case_pass();
}
