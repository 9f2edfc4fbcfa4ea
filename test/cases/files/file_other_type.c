/* SPDX-License-Identifier: GPL-2.0-only */
/* Something of another type has the name: both types are named. */
/* between: rm file && mkdir file && rmdir dir && mkfifo dir && rm link && ln -s nowhere link */
/* restore-refuse: fd 3 of task \d+: /.+/file is a directory now, at the dump it was a regular file */
/* restore-refuse: fd 4 of task \d+: /.+/dir is a fifo */
/* restore-refuse: fd 5 of task \d+: /.+/link: No such file */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	CASE_EQ(case_make_file("file", 100, 51), 3);
	CASE_SYS(mkdir("dir", 0700));
	CASE_EQ(open("dir", O_RDONLY), 4);
	CASE_EQ(case_make_file("link", 100, 52), 5);
	case_ready();
	return case_pass();
}
