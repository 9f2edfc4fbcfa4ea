// SPDX-License-Identifier: GPL-2.0-only
/* proc/fdinfo_kind.c: the lines of single kinds of files, as kernels write them and as they never do. */
#include <stdint.h>

#include "base/arena.h"
#include "proc/fdinfo.h"
#include "unit/unit.h"

static struct fdinfo info_of(struct arena *a, const char *lines)
{
	const char *text = arena_printf(a, "pos:\t0\nflags:\t02\nmnt_id:\t17\n%s", lines);
	struct fdinfo info;

	CHECK_OK(fdinfo_parse(text, strlen(text), a, &info));
	return info;
}

static void epoll_is_read(void)
{
	struct arena *a = arena_new();
	struct fdinfo info = info_of(
		a,
		"tfd:        4 events: 40000019 data: 1234567890abcdef  pos:0 ino:40e sdev:10\n"
		"tfd:     1023 events:       19 data:                0  pos:18446744073709551615 "
		"ino:ffffffffffffffff sdev:fe00000\n");
	const char *cursor = NULL;
	struct fdinfo_epoll e;
	bool has;

	CHECK_OK(fdinfo_epoll_next(&info, &cursor, &e, &has));
	CHECK(has && e.fd == 4 && e.events == 0x40000019 && e.data == 0x1234567890abcdef &&
	      e.pos == 0 && e.ino == 0x40e && e.dev == 0x10);
	CHECK_OK(fdinfo_epoll_next(&info, &cursor, &e, &has));
	CHECK(has && e.fd == 1023 && e.events == 0x19 && e.data == 0 && e.pos == UINT64_MAX &&
	      e.ino == UINT64_MAX && e.dev == 0xfe00000);
	CHECK_OK(fdinfo_epoll_next(&info, &cursor, &e, &has));
	CHECK(!has);
	arena_free(a);
}

static void epoll_refuses(void)
{
	static const char *const bad[] = {
		"tfd: -1 events: 0 data: 0 pos:0 ino:0 sdev:0\n",
		"tfd: 2147483648 events: 0 data: 0 pos:0 ino:0 sdev:0\n",
		"tfd: 1 events: 100000000 data: 0 pos:0 ino:0 sdev:0\n",
		"tfd: 1 events: 0 data: 10000000000000000 pos:0 ino:0 sdev:0\n",
		"tfd: 1 events: 0 data: 0\n",
		"tfd: 1 events: 0 data: 0 pos:0 ino:0 sdev:\n",
		"tfd: 1 events: 0 data: 0 pos:0 ino:0 sdev:100000000\n",
		"tfd:\n",
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fdinfo info = info_of(a, bad[i]);
		const char *cursor = NULL;
		struct fdinfo_epoll e;
		bool has;

		CHECK_ERR(fdinfo_epoll_next(&info, &cursor, &e, &has), ERR_SYS);
	}
	arena_free(a);
}

static void timer_is_read(void)
{
	struct arena *a = arena_new();
	struct fdinfo info = info_of(a, "clockid: 9\nticks: 18446744073709551615\n"
					"settime flags: 03\nit_value: (18446744073, 999999999)\n"
					"it_interval: (0, 1)\n");
	struct fdinfo_timer t;

	CHECK_OK(fdinfo_timer(&info, &t));
	CHECK(t.clockid == 9 && t.ticks == UINT64_MAX && t.settime_flags == 3 &&
	      t.value_sec == 18446744073 && t.value_nsec == 999999999 && t.interval_sec == 0 &&
	      t.interval_nsec == 1);
	arena_free(a);
}

static void timer_refuses(void)
{
#define HEAD "clockid: 1\nticks: 0\nsettime flags: 00\n"
	static const char *const bad[] = {
		HEAD,
		HEAD "it_value: (0, 0)\n",
		HEAD "it_value: (0, 1000000000)\nit_interval: (0, 0)\n",
		HEAD "it_value: (-1, 0)\nit_interval: (0, 0)\n",
		HEAD "it_value: (0, 0\nit_interval: (0, 0)\n",
		HEAD "it_value: (0, 0)x\nit_interval: (0, 0)\n",
		"clockid: 4294967296\nticks: 0\nsettime flags: 00\nit_value: (0, 0)\n"
		"it_interval: (0, 0)\n",
		"clockid: 1\nticks: 0\nsettime flags: 09\nit_value: (0, 0)\n"
		"it_interval: (0, 0)\n",
	};
#undef HEAD
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fdinfo info = info_of(a, bad[i]);
		struct fdinfo_timer t;

		CHECK_ERR(fdinfo_timer(&info, &t), ERR_SYS);
	}
	arena_free(a);
}

static void pid_is_read(void)
{
	struct arena *a = arena_new();
	struct fdinfo info = info_of(a, "Pid:\t-1\nNSpid:\t-1\n");
	int64_t pid;

	CHECK_OK(fdinfo_pid(&info, &pid));
	CHECK(pid == -1);
	info = info_of(a, "NSpid:\t7\t3\nPid:\t4194304\n");
	CHECK_OK(fdinfo_pid(&info, &pid));
	CHECK(pid == 4194304);
	info = info_of(a, "NSpid:\t7\n");
	CHECK_ERR(fdinfo_pid(&info, &pid), ERR_SYS);
	info = info_of(a, "Pid:\t-2\n");
	CHECK_ERR(fdinfo_pid(&info, &pid), ERR_SYS);
	info = info_of(a, "Pid:\t2147483648\n");
	CHECK_ERR(fdinfo_pid(&info, &pid), ERR_SYS);
	arena_free(a);
}

static void inotify_is_read(void)
{
	struct arena *a = arena_new();
	struct fdinfo info = info_of(
		a,
		"inotify wd:2 ino:35d sdev:fe00000 mask:2 ignored_mask:0 fhandle-bytes:8 "
		"fhandle-type:1 f_handle:5d03000000abcdef\n"
		"inotify wd:7fffffff ino:ffffffffffffffff sdev:2d mask:84000fff ignored_mask:1 \n");
	const char *cursor = NULL;
	struct fdinfo_inotify w;
	bool has;

	CHECK_OK(fdinfo_inotify_next(&info, &cursor, &w, &has));
	CHECK(has && w.wd == 2 && w.inode.ino == 0x35d && w.inode.dev == 0xfe00000 && w.mask == 2 &&
	      w.inode.handle_len == 8 && w.inode.handle_type == 1 &&
	      !memcmp(w.inode.handle, "\x5d\x03\0\0\0\xab\xcd\xef", 8));
	CHECK_OK(fdinfo_inotify_next(&info, &cursor, &w, &has));
	CHECK(has && w.wd == 0x7fffffff && w.inode.ino == UINT64_MAX && w.mask == 0x84000fff &&
	      w.ignored_mask == 1 && !w.inode.handle_len);
	CHECK_OK(fdinfo_inotify_next(&info, &cursor, &w, &has));
	CHECK(!has);
	arena_free(a);
}

static void inotify_refuses(void)
{
#define HEAD "inotify wd:1 ino:1 sdev:1 mask:1 ignored_mask:0"
	static const char *const bad[] = {
		"inotify wd:0 ino:1 sdev:1 mask:1 ignored_mask:0\n",
		"inotify wd:80000000 ino:1 sdev:1 mask:1 ignored_mask:0\n",
		"inotify wd:1 ino:1 sdev:1 mask:1\n",
		"inotify wd:1 ino:1 sdev:100000000 mask:1 ignored_mask:0\n",
		HEAD " fhandle-bytes:81 fhandle-type:1 f_handle:\n",
		HEAD " fhandle-bytes:2 fhandle-type:1 f_handle:123\n",
		HEAD " fhandle-bytes:2 fhandle-type:1 f_handle:12345\n",
		HEAD " fhandle-bytes:1 fhandle-type:1 f_handle:1g\n",
		HEAD " fhandle-bytes:1 f_handle:11\n",
		HEAD " fhandle-bytes:ffffffffffffffff fhandle-type:1 f_handle:11\n",
	};
#undef HEAD
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fdinfo info = info_of(a, bad[i]);
		const char *cursor = NULL;
		struct fdinfo_inotify w;
		bool has;

		CHECK_ERR(fdinfo_inotify_next(&info, &cursor, &w, &has), ERR_SYS);
	}
	arena_free(a);
}

static void fanotify_is_read(void)
{
	struct arena *a = arena_new();
	struct fdinfo info = info_of(
		a, "fanotify flags:1002 event-flags:8000\n"
		   "fanotify sdev:fe00000 mflags:0 mask:8 ignored_mask:0\n"
		   "fanotify mnt_id:1b mflags:0 mask:20 ignored_mask:0\n"
		   "fanotify ino:35d sdev:2d mflags:40 mask:2 ignored_mask:20 fhandle-bytes:2 "
		   "fhandle-type:1 f_handle:5d03\n");
	const char *cursor = NULL;
	uint32_t flags, event_flags;
	struct fdinfo_mark m;
	bool has;

	CHECK_OK(fdinfo_fanotify(&info, &flags, &event_flags));
	CHECK(flags == 0x1002 && event_flags == 0x8000);
	CHECK_OK(fdinfo_mark_next(&info, FANOTIFY_INODE, &cursor, &m, &has));
	CHECK(has && m.inode.ino == 0x35d && m.inode.dev == 0x2d && m.mark_flags == 0x40 &&
	      m.mask == 2 && m.ignored_mask == 0x20 && m.inode.handle_len == 2);
	CHECK_OK(fdinfo_mark_next(&info, FANOTIFY_INODE, &cursor, &m, &has));
	CHECK(!has);
	cursor = NULL;
	CHECK_OK(fdinfo_mark_next(&info, FANOTIFY_MOUNT, &cursor, &m, &has));
	CHECK(has && m.mnt_id == 0x1b && m.mask == 0x20 && !m.inode.handle_len);
	cursor = NULL;
	CHECK_OK(fdinfo_mark_next(&info, FANOTIFY_FILESYSTEM, &cursor, &m, &has));
	CHECK(has && m.inode.dev == 0xfe00000 && m.mask == 8);
	info = info_of(a, "fanotify flags:100000000 event-flags:0\n");
	CHECK_ERR(fdinfo_fanotify(&info, &flags, &event_flags), ERR_SYS);
	info = info_of(a, "fanotify mnt_id:100000000 mflags:0 mask:20 ignored_mask:0\n");
	cursor = NULL;
	CHECK_ERR(fdinfo_mark_next(&info, FANOTIFY_MOUNT, &cursor, &m, &has), ERR_SYS);
	info = info_of(a, "fanotify ino:1 mflags:0 mask:20 ignored_mask:0\n");
	cursor = NULL;
	CHECK_ERR(fdinfo_mark_next(&info, FANOTIFY_INODE, &cursor, &m, &has), ERR_SYS);
	arena_free(a);
}

int main(void)
{
	UNIT_RUN(epoll_is_read);
	UNIT_RUN(epoll_refuses);
	UNIT_RUN(timer_is_read);
	UNIT_RUN(timer_refuses);
	UNIT_RUN(pid_is_read);
	UNIT_RUN(inotify_is_read);
	UNIT_RUN(inotify_refuses);
	UNIT_RUN(fanotify_is_read);
	return 0;
}
