/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches of files and folders: numbers with gaps, masks, one event only, a file that was renamed since;
 * nothing is told that did not happen, and what happens is told under the old numbers.
 */
/* peer: no-restore version 4.1 loses IN_ONESHOT and IN_EXCL_UNLINK */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

static int fd, dir_wd, file_wd, once_wd, renamed_wd;

static int watch(const char *path, uint32_t mask)
{
	return CASE_SYS(inotify_add_watch(fd, path, mask));
}

/* The next event must be this one. */
static void expect(int wd, uint32_t mask, const char *name)
{
	char room[sizeof(struct inotify_event) + 256] __attribute__((aligned(8)));
	const struct inotify_event *e = (void *)room;

	/* One event, no second one. */
	CASE_SYS(read(fd, room, sizeof(struct inotify_event) + (name ? 16 : 0)));
	CASE_CHECK(e->wd == wd && e->mask == mask && (!name || !strcmp(e->name, name)),
		   "event %#x of watch %d (\"%s\"), not %#x of %d", e->mask, e->wd,
		   e->len ? e->name : "", mask, wd);
}

static void nothing(void)
{
	char c[64];

	CASE_EQ(read(fd, c, sizeof(c)), -1);
	CASE_EQ(errno, EAGAIN);
}

static void forget(const char *path)
{
	int wd = watch(path, IN_DELETE_SELF);

	CASE_SYS(inotify_rm_watch(fd, wd));
	expect(wd, IN_IGNORED, NULL);
}

static void set_up(void)
{
	CASE_SYS(mkdir("dir", 0755));
	case_write_file("dir/file", "x");
	case_write_file("before", "x");
	case_write_file("other", "x");
	fd = CASE_SYS(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	forget("other");
	dir_wd = watch("dir", IN_CREATE | IN_DELETE | IN_EXCL_UNLINK | IN_ONLYDIR);
	for (int i = 0; i < 3; i++)
		forget("other");
	file_wd = watch("dir/file", IN_MODIFY | IN_ATTRIB);
	once_wd = watch("other", IN_ATTRIB | IN_ONESHOT);
	renamed_wd = watch("before", IN_ATTRIB);
	CASE_SYS(rename("before", "dir/../after"));
	CASE_SYS(inotify_init1(0)); /* watches nothing */
}

int main(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int epfd, new_wd;

	set_up();
	epfd = CASE_SYS(epoll_create1(0));
	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev));
	nothing();
	CASE_EQ(once_wd - file_wd, 1);
	case_ready();
	CASE_CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK, "IN_NONBLOCK is gone");
	nothing();
	case_write_file("dir/new", "");
	CASE_EQ(epoll_wait(epfd, &ev, 1, -1), 1);
	expect(dir_wd, IN_CREATE, "new");
	CASE_SYS(chmod("dir/file", 0600));
	expect(file_wd, IN_ATTRIB, NULL);
	CASE_SYS(chmod("after", 0600));
	expect(renamed_wd, IN_ATTRIB, NULL);
	CASE_SYS(chmod("other", 0600));
	expect(once_wd, IN_ATTRIB, NULL);
	expect(once_wd, IN_IGNORED, NULL);
	CASE_SYS(inotify_rm_watch(fd, file_wd));
	expect(file_wd, IN_IGNORED, NULL);
	new_wd = watch("other", IN_ATTRIB);
	CASE_CHECK(new_wd > renamed_wd, "the new watch has the old number %d", new_wd);
	nothing();
	return case_pass();
}
