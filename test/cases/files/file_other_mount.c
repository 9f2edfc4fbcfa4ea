/* SPDX-License-Identifier: GPL-2.0-only */
/* The directory lies on another mount by then, with the same file in it. */
/* between: cp -p dir/file . && mount -t tmpfs none dir && mv file dir && touch restored */
/* needs: root */
/* differs: fd/\d+/mnt_id|fd/\d+/ino that is the point */
/* not: iters the second dump sees the new mount */
#include "case.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

int main(void)
{
	struct stat here, there;
	char buf[100];
	int fd;

	CASE_SYS(mkdir("dir", 0700));
	fd = case_make_file("dir/file", 100, 51);
	case_ready();
	CASE_EQ(pread(fd, buf, 100, 0), 100);
	case_check_fill(buf, 100, 51, "the file");
	CASE_SYS(fstat(fd, &here));
	CASE_SYS(stat("dir/file", &there));
	CASE_EQ(here.st_dev, there.st_dev);
	CASE_EQ(here.st_ino, there.st_ino);
	close(fd);
	if (!access("restored", F_OK))
		CASE_SYS(umount2("dir", 0));
	return case_pass();
}
