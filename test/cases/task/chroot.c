/* SPDX-License-Identifier: GPL-2.0-only */
/* The root directory is another one; the current directory is outside of it. */
/* needs: root */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	struct stat before, after;

	CASE_SYS(mkdir("jail", 0755));
	case_write_file("jail/inside", "yes");
	CASE_SYS(chroot("jail"));
	case_set_dir(".");
	CASE_SYS(stat("/", &before));
	case_ready();
	CASE_SYS(stat("/", &after));
	CASE_EQ(after.st_ino, before.st_ino);
	CASE_CHECK(!strcmp(case_read_file("/inside"), "yes"), "another root directory");
	CASE_CHECK(access("/proc/self", F_OK) < 0, "/proc is visible");
	return case_pass();
}
