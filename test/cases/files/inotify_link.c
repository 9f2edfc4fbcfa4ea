/* SPDX-License-Identifier: GPL-2.0-only */
/* A symbolic link that is watched itself, and not what it leads to. */
/* peer: no-restore version 4.1 follows it */
#include "case.h"

#include <sys/inotify.h>
#include <sys/stat.h>

int main(void)
{
	int fd = CASE_SYS(inotify_init1(IN_NONBLOCK)), wd;
	struct inotify_event e;

	case_write_file("file", "x");
	CASE_SYS(symlink("file", "link"));
	wd = CASE_SYS(inotify_add_watch(fd, "link", IN_ATTRIB | IN_DELETE_SELF | IN_DONT_FOLLOW));
	case_ready();
	CASE_SYS(chmod("file", 0600));
	CASE_EQ(read(fd, &e, sizeof(e)), -1);
	CASE_EQ(errno, EAGAIN);
	CASE_SYS(unlink("link"));
	/* Its count of names changes, then it is gone. */
	for (uint32_t i = 0; i < 3; i++) {
		static const uint32_t masks[] = { IN_ATTRIB, IN_DELETE_SELF, IN_IGNORED };

		CASE_EQ(read(fd, &e, sizeof(e)), (ssize_t)sizeof(e));
		CASE_EQ(e.wd, wd);
		CASE_EQ(e.mask, masks[i]);
	}
	return case_pass();
}
