/* SPDX-License-Identifier: GPL-2.0-only */
/* A file below many directories, in a path as long as the kernel allows. */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	char name[201] = "";
	struct stat a, b;
	int fd;

	memset(name, 'd', 200);
	for (int i = 0; i < 19; i++) {
		CASE_SYS(mkdir(name, 0755));
		CASE_SYS(chdir(name));
	}
	fd = case_make_file("file", 100, 52);
	case_ready();
	CASE_SYS(fstat(fd, &a));
	CASE_SYS(stat("file", &b));
	CASE_EQ(a.st_ino, b.st_ino);
	return case_pass();
}
