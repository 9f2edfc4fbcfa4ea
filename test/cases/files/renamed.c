/* SPDX-License-Identifier: GPL-2.0-only */
/* A file and a directory that were renamed after they were opened. */
/* peer: differs fd/ loses O_DIRECTORY among the flags */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int main(void)
{
	int fd = case_make_file("file", 100, 50), dir;
	struct stat a, b;

	CASE_SYS(rename("file", "a name with (deleted)"));
	CASE_SYS(mkdir("dir", 0700));
	dir = CASE_SYS(open("dir", O_RDONLY | O_DIRECTORY));
	CASE_SYS(rename("dir", "moved"));
	case_ready();
	CASE_SYS(fstat(fd, &a));
	CASE_SYS(stat("a name with (deleted)", &b));
	CASE_EQ(a.st_ino, b.st_ino);
	CASE_SYS(fstat(dir, &a));
	CASE_SYS(stat("moved", &b));
	CASE_EQ(a.st_ino, b.st_ino);
	return case_pass();
}
