/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_LOCKS_H
#define FILES_LOCKS_H

/*
 * File locks: flock(2), POSIX and open-file-description (OFD) locks, leases; filelocks.img.  A POSIX lock is
 * owned by a descriptor table, all others by an open file description.  Who waits for a lock is a task in a
 * system call and nothing of ours.
 *
 * Dump: locks_note for each descriptor with "lock:" lines, then locks_check.  Restore: locks_read; the
 * restorer takes the locks when all tasks have all their files (pie/rst_locks.c).
 */

#include "file-lock.pb-c.h"

#include "files/files_priv.h"
#include "proc/locks.h"

struct file_lock {
	struct proc_lock seen; /* dump */
	struct file *file;
	/* Where a descriptor of the file is; of a POSIX lock the table that owns it. */
	const struct fdtable *table;
	int fd;
	const struct task *task; /* takes it on restore */
	FileLockEntry *rec;
};

/* --- dump --- */

/* @p shows lock lines and is descriptor @p->fd of @table, file @id; @proc_dir: its /proc/PID. */
MUST_USE struct err *locks_note(struct dump *d, int proc_dir, const struct fdtable *table,
				const struct fd_probe *p, uint32_t id);
/* All tables were read: joins blockers, decides which task will take each lock. */
MUST_USE struct err *locks_check(struct dump *d);
MUST_USE struct err *locks_write(struct dump *d);
/* Would opening the file for reading break a lease of the tree? */
bool locks_forbid_opening(const struct dump *d, const struct stat *st);
/* Joins a blocker for each lock on a description that a process outside of the tree has too. */
MUST_USE struct err *locks_check_outside(struct dump *d);

/* "a POSIX write lock". */
const char *lock_text(struct arena *a, enum proc_lock_kind kind, bool is_write);
/* "cannot dump fd 7 of task 42 (TEXT): WHY"; @why is given arguments already. */
MUST_USE struct err *lock_refuse(const struct file_lock *l, const char *why);

/* --- restore --- */

/* filelocks.img; the tables are there. */
MUST_USE struct err *locks_read(struct restore *r);

#endif
