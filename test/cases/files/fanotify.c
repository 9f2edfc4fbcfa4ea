/* SPDX-License-Identifier: GPL-2.0-only */
/* Marks of files, folders and a mount, with masks that are ignored: events come for what is marked and nothing else. */
#include "case.h"

#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/stat.h>

static int fd;

static void mark(unsigned flags, uint64_t mask, const char *path)
{
	if (fanotify_mark(fd, FAN_MARK_ADD | flags, mask, AT_FDCWD, path))
		case_skip("fanotify_mark: %s", strerror(errno));
}

static uint64_t next(void)
{
	struct fanotify_event_metadata m;
	ssize_t n = read(fd, &m, sizeof(m));

	if (n < 0)
		return 0;
	CASE_EQ(n, (ssize_t)sizeof(m));
	CASE_EQ(m.pid, getpid());
	CASE_SYS(close(m.fd));
	return m.mask;
}

static void use(const char *path)
{
	CASE_SYS(close(CASE_SYS(open(path, O_RDONLY))));
}

int main(void)
{
	fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY | O_LARGEFILE);
	if (fd < 0)
		case_skip("fanotify_init: %s", strerror(errno));
	CASE_SYS(mkdir("dir", 0755));
	case_write_file("dir/file", "x");
	case_write_file("file", "x");
	case_write_file("other", "x");
	mark(0, FAN_OPEN, "file");
	mark(0, FAN_CLOSE_NOWRITE | FAN_EVENT_ON_CHILD, "dir");
	mark(0, FAN_OPEN | FAN_CLOSE_NOWRITE, "other");
	mark(FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY, FAN_OPEN, "other");
	mark(FAN_MARK_MOUNT, FAN_OPEN, "/dev/shm");
	CASE_EQ(next(), 0);
	case_ready();
	CASE_CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK, "FAN_NONBLOCK is gone");
	while (next())
		;
	use("file");
	CASE_EQ(next(), FAN_OPEN);
	CASE_EQ(next(), 0);
	use("dir/file");
	CASE_EQ(next(), FAN_CLOSE_NOWRITE);
	use("other");
	CASE_EQ(next(), FAN_CLOSE_NOWRITE);
	CASE_EQ(next(), 0);
	return case_pass();
}
