/* SPDX-License-Identifier: GPL-2.0-only */
/* A mark of a whole file system, and a group without limits that tells threads (FAN_REPORT_TID). */
/* peer: no version 4.1 does not know marks of file systems */
#include "case.h"

#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/stat.h>

static int init(unsigned flags)
{
	int fd = fanotify_init(flags | FAN_NONBLOCK, O_RDONLY);

	if (fd < 0)
		case_skip("fanotify_init: %s", strerror(errno));
	return fd;
}

/* Events of @mask that are there; all others are wrong. */
static int count(int fd, uint64_t mask)
{
	struct fanotify_event_metadata m;
	int nr = 0;

	while (read(fd, &m, sizeof(m)) == (ssize_t)sizeof(m)) {
		CASE_EQ(m.mask, mask);
		CASE_SYS(close(m.fd));
		nr++;
	}
	return nr;
}

int main(void)
{
	int fd = init(0), tid_fd = init(FAN_REPORT_TID | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS);

	CASE_SYS(mkdir("mnt", 0755));
	if (mount("none", "mnt", "tmpfs", 0, NULL))
		case_skip("mount: %s", strerror(errno));
	case_write_file("mnt/file", "x");
	if (fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN, AT_FDCWD, "mnt") ||
	    fanotify_mark(tid_fd, FAN_MARK_ADD, FAN_CLOSE_WRITE, AT_FDCWD, "mnt/file"))
		case_skip("fanotify_mark: %s", strerror(errno));
	case_ready();
	CASE_EQ(count(fd, FAN_OPEN), 0);
	case_write_file("mnt/file", "y");
	CASE_EQ(count(fd, FAN_OPEN), 1);
	CASE_EQ(count(tid_fd, FAN_CLOSE_WRITE), 1);
	CASE_SYS(umount2("mnt", MNT_DETACH));
	return case_pass();
}
