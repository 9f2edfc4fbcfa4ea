/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that was replaced between dump and restore is watched by its path. */
/* between: cp file copy && mv copy file */
/* differs: fd/[0-9]+/inotify wd the inode is another one */
#include "case.h"

#include <sys/inotify.h>
#include <sys/stat.h>

int main(void)
{
	int fd = CASE_SYS(inotify_init1(IN_NONBLOCK));
	struct inotify_event e;
	int wd;

	case_write_file("file", "x");
	wd = CASE_SYS(inotify_add_watch(fd, "file", IN_ATTRIB));
	case_ready();
	/* Without a dump, the old one was replaced: its own end is told. */
	while (read(fd, &e, sizeof(e)) > 0)
		if (e.mask == IN_IGNORED)
			return case_pass();
	CASE_SYS(chmod("file", 0600));
	CASE_EQ(read(fd, &e, sizeof(e)), (ssize_t)sizeof(e));
	CASE_EQ(e.wd, wd);
	CASE_EQ(e.mask, IN_ATTRIB);
	return case_pass();
}
