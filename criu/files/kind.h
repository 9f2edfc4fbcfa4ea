/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_KIND_H
#define FILES_KIND_H

/*
 * What a kind of open file is.  To add one: files/NAME.c defining file_kind_NAME, a line in files/kinds.c,
 * its message in images/, and test/cases/files/NAME.c.  Nothing else in the tree knows the kind.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "fdinfo.pb-c.h"

#include "base/err.h"
#include "task/task.h"

/* What was read about a descriptor, or about another link of /proc/PID to a file. */
struct fd_probe {
	const struct task *task;
	int fd;		  /* -1: the link is no descriptor */
	const char *link; /* below /proc/PID: "fd/7", "exe", "map_files/..." */
	const char *text; /* what the link says, " (deleted)" included */
	struct stat st;
	uint64_t pos;
	uint32_t flags; /* as F_GETFL, without O_CLOEXEC */
	int mnt_id;
	bool is_cloexec;
	bool has_locks;
	bool has_write_lease; /* opening the file would break it */
	/* It is in the queue of this socket, and what @task has is the tool's own copy; or NULL. */
	const struct fd_probe *carrier;
	/* A duplicate in the tool, there while the file is looked at for the first time; else -1. */
	int dup;
};

struct file;

struct file_kind {
	const char *name;
	FdTypes type;  /* its number in files.img */
	size_t member; /* offsetof the member of FileEntry that is set, a pointer to its record */

	/* For criu-lite-files(7), made by criu/files/man/gen.c. */
	const char *about; /* what it is and what is kept of it */
	const char *
		since; /* the kernel that brought what it needs, and what needs a later one; or NULL */
	const char *option; /* options that it wants or that change it; or NULL */

	/* Decide from what was already read, without touching the task.  The first yes wins. */
	bool (*matches)(const struct fd_probe *p);
	/*
	 * Coordinator, tree frozen: fills @rec, whose type and id are set.  Changes and writes nothing;
	 * ERR_UNSUPPORTED is a blocker.
	 */
	MUST_USE struct err *(*dump)(struct dump *d, const struct fd_probe *p, FileEntry *rec);
	/* Every file was seen: what shows only in the whole tree.  Joins blockers itself.  Optional. */
	MUST_USE struct err *(*check)(struct dump *d);
	/* Images of its own.  Optional. */
	MUST_USE struct err *(*write)(struct dump *d);

	/* Coordinator, all records are read, nothing is made: find partners, refuse early. */
	MUST_USE struct err *(*link_up)(struct restore *r, struct file *f);
	/*
	 * Worker that owns the file: makes the descriptor, close-on-exec, at any number.  Position, owner and
	 * sharing are not its business.
	 */
	MUST_USE struct err *(*open)(struct worker *w, struct file *f, int *fd_out);
	/*
	 * The same worker, when all descriptors of all tasks are at their numbers: watches, peers, queued
	 * data.  @fd is the owner's number; of a file that it only lends, any.  Not called for what
	 * --inherit-fd replaced.  A number below w->fd_floor may be borrowed when it is put back.  Optional.
	 */
	MUST_USE struct err *(*finish)(struct worker *w, struct file *f, int fd);
};

/* NULL at the end. */
extern const struct file_kind *const file_kinds[];

const struct file_kind *file_kind_of_probe(const struct fd_probe *p);
/* NULL: a kind that cannot be restored. */
const struct file_kind *file_kind_of_type(FdTypes type);
/* CRIU's name of a type, for messages. */
const char *file_type_name(FdTypes type);

/* "cannot dump fd 7 of task 42 (TEXT): WHY" as ERR_UNSUPPORTED. */
MUST_USE PRINTF_LIKE(2, 3) struct err *fd_probe_refuse(const struct fd_probe *p, const char *why,
						       ...);

extern const struct file_kind file_kind_regular;
extern const struct file_kind file_kind_pipe;
extern const struct file_kind file_kind_fifo;
extern const struct file_kind file_kind_tty;
extern const struct file_kind file_kind_memfd;
extern const struct file_kind file_kind_eventfd;
extern const struct file_kind file_kind_epoll;
extern const struct file_kind file_kind_timerfd;
extern const struct file_kind file_kind_signalfd;
extern const struct file_kind file_kind_unix;
extern const struct file_kind file_kind_pidfd;
extern const struct file_kind file_kind_inotify;
extern const struct file_kind file_kind_fanotify;
extern const struct file_kind file_kind_ns;
extern const struct file_kind file_kind_inet;
extern const struct file_kind file_kind_netlink;
extern const struct file_kind file_kind_unsupported;

#endif
