/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for an event of inotify. */
/* peer: no-dump ends the call with EINTR */
#include "blocked.h"

#include <sys/inotify.h>
#include <sys/stat.h>

static int fd;

static long call(void)
{
	struct inotify_event e;
	long n = BLOCKED_CALL(SYS_read, fd, &e, sizeof(e));

	return n == sizeof(e) ? (long)e.mask : n;
}

static void wake(void)
{
	CASE_SYS(chmod("file", 0600));
}

int main(void)
{
	fd = CASE_SYS(inotify_init1(0));
	case_write_file("file", "x");
	CASE_SYS(inotify_add_watch(fd, "file", IN_ATTRIB));
	return blocked_main(call, SYS_read, wake, IN_ATTRIB);
}
