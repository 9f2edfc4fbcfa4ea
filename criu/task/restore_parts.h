/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_RESTORE_PARTS_H
#define TASK_RESTORE_PARTS_H

/*
 * The restore half of the task attributes.  To add one: task/<name>.c with a const struct
 * restore_part, a line in task/restore_parts.c, what the blob needs in pie/abi/restorer.h and the
 * blob's half in pie/rst_<name>.c.
 */

#include "base/err.h"
#include "task/rst_build.h"
#include "task/task.h"

struct restore_part {
	const char *name;
	/* Coordinator, nothing made: reads images of its own.  Optional, as all of them. */
	MUST_USE struct err *(*read)(struct restore *r);
	/* Coordinator: refuses values that cannot be restored.  Live tasks only. */
	MUST_USE struct err *(*check)(const struct restore *r, const struct task *t);
	MUST_USE struct err *(*check_thread)(const struct restore *r, const struct thread *th);
	/* Worker, root and cwd not changed yet: what can be set from C, before the restorer. */
	MUST_USE struct err *(*apply)(struct worker *w);
	/* Worker: fills the restorer's arguments. */
	MUST_USE struct err *(*fill)(struct worker *w, struct rst_build *b);
	/* @out is not inside @b: rst_put may be called. */
	MUST_USE struct err *(*fill_thread)(struct worker *w, struct rst_build *b,
					    const struct thread *th, struct rst_thread *out);
};

extern const struct restore_part restore_part_signals;
extern const struct restore_part restore_part_timers;
extern const struct restore_part restore_part_creds;
extern const struct restore_part restore_part_rlimits;
extern const struct restore_part restore_part_sched;
extern const struct restore_part restore_part_seccomp;
extern const struct restore_part restore_part_rseq;
extern const struct restore_part restore_part_mm_fields;
extern const struct restore_part restore_part_wishes;
extern const struct restore_part restore_part_misc;

/* All parts' read, then check of every live task and thread; called by task_restore_read(). */
MUST_USE struct err *restore_parts_check(struct restore *r);
MUST_USE struct err *restore_parts_apply(struct worker *w);
/* Fills rst_args(b)->process, ->mm's own fields and the array of threads. */
MUST_USE struct err *restore_parts_fill(struct worker *w, struct rst_build *b);

#endif
