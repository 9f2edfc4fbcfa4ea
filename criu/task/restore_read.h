/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_RESTORE_READ_H
#define TASK_RESTORE_READ_H

/*
 * The task tree of an image set: inventory, pstree, ids and cores become struct tree.  Images are
 * untrusted: after task_restore_read() pids are in range and unique, parents stand before children,
 * live tasks and threads have all that a restore looks into, and every task part accepted its
 * values.
 */

#include "base/err.h"
#include "task/task.h"

/* Coordinator.  ERR_IMAGE names the file; ERR_UNSUPPORTED what this version cannot make. */
MUST_USE struct err *task_restore_read(struct restore *r);

/* Is it to run (or stay stopped) at the end? */
static inline bool task_is_live(const struct task *t)
{
	return t->state != TASK_DEAD;
}

/* "12 (bash)", from @a. */
const char *task_restore_name(struct arena *a, const struct task *t);

#endif
