/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_LOCKS_H
#define PROC_LOCKS_H

/*
 * File locks as the kernel tells them (lock_get_status() of fs/locks.c): the "lock:" lines of
 * /proc/PID/fdinfo/FD are those that this task holds through this open file description,
 * /proc/locks has all of them and those who wait.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "proc/scan.h"

/* The numbers of file_lock_entry.flag, and two that no image has. */
enum proc_lock_kind {
	PROC_LOCK_POSIX = 1, /* owned by a descriptor table */
	PROC_LOCK_FLOCK = 2, /* this and all below: by an open file description */
	PROC_LOCK_OFD = 4,
	PROC_LOCK_LEASE = 8,
	PROC_LOCK_DELEGATION = 256,
	PROC_LOCK_OTHER = 512,
};

struct proc_lock {
	enum proc_lock_kind kind;
	bool is_waiting;  /* not held: somebody waits for it */
	bool is_breaking; /* a lease that the kernel is taking back */
	bool is_write;
	/* Who set it, in the reader's pid namespace; -1: OFD locks do not say; 0: ended, or unseen. */
	pid_t pid;
	uint64_t ino;
	int64_t start, end; /* bytes, @end inclusive; INT64_MAX: to the end of the file */
};

/* One line, from its number on; false when the text is none. */
bool proc_lock_parse(struct scan *line, struct proc_lock *out);
/* All of an fdinfo text, or with @is_bare of a text like /proc/locks; the list is the arena's. */
MUST_USE struct err *proc_locks_parse(const char *text, size_t len, bool is_bare, struct arena *a,
				      struct proc_lock **out, size_t *nr_out);
/* What fdinfo of descriptor @fd says; @dirfd: /proc/PID. */
MUST_USE struct err *proc_locks_read_fd(int dirfd, int fd, struct arena *a, struct proc_lock **out,
					size_t *nr_out);
/* /proc/locks. */
MUST_USE struct err *proc_locks_read_all(struct arena *a, struct proc_lock **out, size_t *nr_out);

#endif
