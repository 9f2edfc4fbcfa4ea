/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that was moved away, and a directory that was: every name that is missing is told. */
/* between: mv file elsewhere && mv dir other */
/* restore-refuse: cannot restore fd 3 of task \d+: /.+/file: No such file.*put back what was there */
/* restore-refuse: cannot restore fd 4 of task \d+: /.+/dir/inside: No such file */
#include "case.h"

#include <sys/stat.h>

int main(void)
{
	CASE_SYS(mkdir("dir", 0700));
	CASE_EQ(case_make_file("file", 100, 51), 3);
	CASE_EQ(case_make_file("dir/inside", 100, 52), 4);
	case_ready();
	return case_pass();
}
