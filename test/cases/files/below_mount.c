/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that a later mount hides: its path leads to another one, so the dump is refused. */
/* needs: cap:sys_admin */
/* refuse: hidden/file\): the file has lost this name */
#include "case.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

int main(void)
{
	char buf[100];
	int fd;

	CASE_SYS(mkdir("hidden", 0755));
	fd = case_make_file("hidden/file", 100, 1);
	if (mount("case", "hidden", "tmpfs", 0, NULL) < 0)
		case_skip("mount: %s", strerror(errno));
	close(case_make_file("hidden/file", 100, 2));
	case_ready();
	CASE_EQ(pread(fd, buf, 100, 0), 100);
	case_check_fill(buf, 100, 1, "the hidden file");
	CASE_SYS(umount2("hidden", MNT_DETACH));
	return case_pass();
}
