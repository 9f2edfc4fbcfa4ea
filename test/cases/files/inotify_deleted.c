/* SPDX-License-Identifier: GPL-2.0-only */
/* A watch of a file that is deleted and still open has no name to be found by: that is refused. */
/* refuse: it watches a file that was deleted|the file it watches cannot be found */
/* peer: no version 4.1 gives it a name for a moment */
#include "case.h"

#include <fcntl.h>
#include <sys/inotify.h>

int main(void)
{
	int fd = CASE_SYS(inotify_init1(0));

	case_write_file("file", "x");
	CASE_SYS(open("file", O_RDONLY));
	CASE_SYS(inotify_add_watch(fd, "file", IN_ACCESS));
	CASE_SYS(unlink("file"));
	case_ready();
	return case_pass();
}
