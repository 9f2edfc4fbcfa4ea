/* SPDX-License-Identifier: GPL-2.0-only */
/* Nodes of the null and zero devices with names of their own, as a chroot has them. */
/* needs: root */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int main(void)
{
	struct stat st;
	int null, zero;
	char c = 'x';

	if (mknod("null", S_IFCHR | 0666, makedev(1, 3)) < 0)
		case_skip("mknod: %s", strerror(errno));
	CASE_SYS(mknod("zero", S_IFCHR | 0600, makedev(1, 5)));
	null = open("null", O_RDWR);
	if (null < 0)
		case_skip("open of a device node: %s", strerror(errno));
	zero = CASE_SYS(open("zero", O_RDONLY));
	case_ready();
	CASE_EQ(write(null, "gone", 4), 4);
	CASE_EQ(read(null, &c, 1), 0);
	CASE_EQ(read(zero, &c, 1), 1);
	CASE_EQ(c, 0);
	CASE_SYS(fstat(zero, &st));
	CASE_EQ(st.st_rdev, makedev(1, 5));
	CASE_EQ(st.st_mode, S_IFCHR | 0600);
	return case_pass();
}
