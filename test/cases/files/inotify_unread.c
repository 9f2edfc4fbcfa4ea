/* SPDX-License-Identifier: GPL-2.0-only */
/* Events that the program has not read would be lost: that is refused, with what to do. */
/* refuse: it has events that were not read */
/* refuse: dump again when the program has read them */
/* peer: no version 4.1 drops them */
#include "case.h"

#include <sys/inotify.h>
#include <sys/stat.h>

int main(void)
{
	int fd = CASE_SYS(inotify_init1(0));

	case_write_file("file", "x");
	CASE_SYS(inotify_add_watch(fd, "file", IN_ATTRIB));
	CASE_SYS(chmod("file", 0600));
	case_ready();
	return case_pass();
}
