/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that was replaced by a copy of itself, as an editor does it: it is open at the same place. */
/* between: cp -p file copy && mv copy file && touch restored */
/* differs: fd/\d+/ino that is the point */
#include "case.h"

#include <sys/stat.h>

int main(void)
{
	int fd = case_make_file("file", 100, 51);
	struct stat here, there;
	char buf[40];

	CASE_SYS(lseek(fd, 60, SEEK_SET));
	case_ready();
	CASE_EQ(read(fd, buf, 40), 40);
	CASE_SYS(fstat(fd, &here));
	CASE_SYS(stat("file", &there));
	CASE_EQ(here.st_ino, there.st_ino);
	return case_pass();
}
