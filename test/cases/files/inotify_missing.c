/* SPDX-License-Identifier: GPL-2.0-only */
/* The restore is refused, and makes nothing, when a file that is watched is missing. */
/* between: rm file */
/* restore-refuse: /file, which it watches, is missing */
#include "case.h"

#include <sys/inotify.h>

int main(void)
{
	int fd = CASE_SYS(inotify_init1(0));

	case_write_file("file", "x");
	CASE_SYS(inotify_add_watch(fd, "file", IN_ACCESS));
	case_ready();
	return case_pass();
}
