/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_COLLECT_H
#define TASK_COLLECT_H

/*
 * What a stopped task is, in the order the flow asks: the look from outside changes nothing; then the parasite answers
 * what only the task can know; then the records are written.
 */

#include "task/task.h"

struct remote;

/*
 * Fills task->probe and the cores that a zombie needs; tasks that cannot be dumped are joined to d->blockers.
 */
MUST_USE struct err *task_look(struct dump *d, struct task *t);
/* The same with what a look at the memory needs: handles, stat, mappings.  Nothing is refused. */
MUST_USE struct err *task_look_quickly(struct dump *d, struct task *t);

/* More to be done inside a task while its leader is borrowed; for higher rooms. */
struct inject_hook {
	MUST_USE struct err *(*run)(struct dump *d, struct task *t, struct remote *leader);
};
/* Fills the cores of all threads.  The parasite is in the task only meanwhile.  @hook may be NULL. */
MUST_USE struct err *task_inject(struct dump *d, struct task *t, const struct inject_hook *hook);
/* Only the hook, without a parasite. */
MUST_USE struct err *task_borrow(struct dump *d, struct task *t, const struct inject_hook *hook);
/* Writes core-*.img and ids-PID.img. */
MUST_USE struct err *task_write(struct dump *d, const struct task *t);
/* Writes pstree.img. */
MUST_USE struct err *tree_write(struct dump *d);
/* Closes what the probes of all tasks hold open; harmless twice. */
void tree_close(struct dump *d);

#endif
