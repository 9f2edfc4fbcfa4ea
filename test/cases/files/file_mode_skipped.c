/* SPDX-License-Identifier: GPL-2.0-only */
/* --skip-file-rwx-check: a file with other permissions and of another owner is the same file. */
/* between: chmod 600 file && chown 1:1 file */
/* restore-opts: --skip-file-rwx-check */
#include "case.h"

#include <sys/stat.h>

int main(void)
{
	int fd = case_make_file("file", 100, 51);
	struct stat here, there;

	CASE_SYS(chmod("file", 0644));
	case_ready();
	CASE_SYS(fstat(fd, &here));
	CASE_SYS(stat("file", &there));
	CASE_EQ(here.st_ino, there.st_ino);
	CASE_EQ(here.st_mode, there.st_mode);
	CASE_EQ(here.st_uid, there.st_uid);
	return case_pass();
}
