/* SPDX-License-Identifier: GPL-2.0-only */
/* A file with other permissions is refused, and both are named. */
/* between: chmod 600 file */
/* restore-refuse: cannot restore fd 3 of task \d+: /.+/file has mode 0600 now, at the dump it was 0644.*pass --skip-file-rwx-check, or chmod 0644 /.+/file */
#include "case.h"

#include <sys/stat.h>

int main(void)
{
	CASE_EQ(case_make_file("file", 100, 51), 3);
	CASE_SYS(chmod("file", 0644));
	case_ready();
	return case_pass();
}
