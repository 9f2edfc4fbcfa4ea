/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file whose opened name was deleted while another name is left: with --link-remap it stays that
 * file, with one name more during the dump only.
 */
/* opts: --link-remap */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	int fd = case_make_file("file", 100, 47);
	struct stat before, after;

	CASE_SYS(link("file", "second name"));
	CASE_SYS(unlink("file"));
	CASE_SYS(stat("second name", &before));
	case_ready();
	CASE_SYS(fstat(fd, &after));
	CASE_EQ(after.st_ino, before.st_ino);
	CASE_EQ(after.st_nlink, 1);
	CASE_CHECK(access("file", F_OK) < 0, "the deleted name came back");
	return case_pass();
}
