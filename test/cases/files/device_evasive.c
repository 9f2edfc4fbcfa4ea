/* SPDX-License-Identifier: GPL-2.0-only */
/* --evasive-devices: a device node that has lost its name to another node of the device. */
/* dump-opts: --evasive-devices */
/* peer: no-dump does so for names that another mount covers only */
/* differs: fd/ it is open by the new node */
/* needs: root */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int main(void)
{
	struct stat here, there;
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
	CASE_SYS(fstat(fd, &here));
	CASE_SYS(stat("null", &there));
	CASE_EQ(here.st_rdev, there.st_rdev);
	return case_pass();
}
