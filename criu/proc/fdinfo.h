/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_FDINFO_H
#define PROC_FDINFO_H

/*
 * /proc/PID/fdinfo/FD: four fields that every descriptor has, and the rest as text in which each
 * kind finds its own keys.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#include "proc/scan.h"

struct fdinfo {
	uint64_t pos;
	uint32_t flags; /* O_*; O_CLOEXEC is the descriptor's */
	int64_t mnt_id; /* -1: the kernel does not say */
	bool has_ino;	/* since 5.14 */
	uint64_t ino;
	bool has_locks;	  /* at least one "lock:" line */
	const char *text; /* the whole file, NUL-terminated, from the arena */
	size_t len;
};

/* @text is copied into the arena. */
MUST_USE struct err *fdinfo_parse(const char *text, size_t len, struct arena *a,
				  struct fdinfo *out);
/* @dirfd: of a task or of a thread with its own table. */
MUST_USE struct err *fdinfo_read(int dirfd, int fd, struct arena *a, struct fdinfo *out);

/*
 * The value after "KEY:" and blanks, of the first line that starts with it: false when there is
 * none. The scan runs to the end of that line.
 */
bool fdinfo_find(const struct fdinfo *info, const char *key, struct scan *value_out);
/*
 * Goes through all lines that start with "KEY:" (epoll's "tfd", inotify has "inotify wd:N..." and
 * finds "inotify wd").  Start with *@cursor = NULL.
 */
bool fdinfo_next(const struct fdinfo *info, const char *key, const char **cursor,
		 struct scan *value_out);
/* One line of an epoll descriptor (fs/eventpoll.c, ep_show_fdinfo): what it watches. */
struct fdinfo_epoll {
	uint32_t fd; /* the number it was added with; may be closed, or be another file now */
	uint32_t events;
	uint64_t data;
	uint64_t pos, ino; /* of what is watched */
	uint32_t dev;	   /* of its file system, the kernel's own numbering: major << 20 | minor */
};

/* The next one, as fdinfo_next(); *has_out false: there is none.  A line that is not as expected is a failure. */
MUST_USE struct err *fdinfo_epoll_next(const struct fdinfo *info, const char **cursor,
				       struct fdinfo_epoll *out, bool *has_out);

/* A timerfd (fs/timerfd.c, timerfd_show). */
struct fdinfo_timer {
	uint32_t clockid;
	uint32_t settime_flags;
	uint64_t ticks;			/* expirations that were not read */
	uint64_t value_sec, value_nsec; /* left until the next one; 0: it does not run */
	uint64_t interval_sec, interval_nsec;
};

MUST_USE struct err *fdinfo_timer(const struct fdinfo *info, struct fdinfo_timer *out);

/* "Pid:" of a pidfd (fs/pidfs.c): in the pid namespace of the /proc that was read; 0: not in there, -1: gone. */
MUST_USE struct err *fdinfo_pid(const struct fdinfo *info, int64_t *out);

enum { FDINFO_MAX_HANDLE = 128 }; /* MAX_HANDLE_SZ of <fcntl.h> */

/* What a watch of inotify or a mark of fanotify is on (fs/notify/fdinfo.c). */
struct fdinfo_inode {
	uint64_t ino;
	uint32_t dev;	      /* as in struct fdinfo_epoll */
	uint32_t handle_len;  /* 0: its file system has no handles */
	uint32_t handle_type; /* for open_by_handle_at(2), as the bytes are */
	uint8_t handle[FDINFO_MAX_HANDLE];
};

struct fdinfo_inotify {
	uint32_t wd;
	uint32_t mask; /* IN_*, IN_ONESHOT and IN_EXCL_UNLINK included */
	uint32_t ignored_mask;
	struct fdinfo_inode inode;
};

/* The next one, as fdinfo_epoll_next(). */
MUST_USE struct err *fdinfo_inotify_next(const struct fdinfo *info, const char **cursor,
					 struct fdinfo_inotify *out, bool *has_out);

/* A fanotify group: flags as given to fanotify_init(2). */
MUST_USE struct err *fdinfo_fanotify(const struct fdinfo *info, uint32_t *flags_out,
				     uint32_t *event_flags_out);

/* What a mark is on: the key of its line. */
enum fanotify_on { FANOTIFY_INODE, FANOTIFY_MOUNT, FANOTIFY_FILESYSTEM, FANOTIFY_NR_ON };

struct fdinfo_mark {
	struct fdinfo_inode inode; /* of an inode; of a file system its dev only */
	uint32_t mnt_id;	   /* of a mount */
	uint32_t mark_flags;	   /* FAN_MARK_* that are kept */
	uint32_t mask;
	uint32_t ignored_mask;
};

/* The next one of that kind, as fdinfo_epoll_next(). */
MUST_USE struct err *fdinfo_mark_next(const struct fdinfo *info, enum fanotify_on on,
				      const char **cursor, struct fdinfo_mark *out, bool *has_out);

/* A whole value in one base; a key that is missing or anything behind the number is a failure. */
MUST_USE struct err *fdinfo_hex(const struct fdinfo *info, const char *key, uint64_t *out);
MUST_USE struct err *fdinfo_dec(const struct fdinfo *info, const char *key, uint64_t *out);
MUST_USE struct err *fdinfo_oct(const struct fdinfo *info, const char *key, uint64_t *out);

#endif
