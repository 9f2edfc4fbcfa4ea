/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_RESTORE_H
#define MEM_RESTORE_H

/* The memory side of a restore, in the order the flow calls it. */

#include <stdint.h>

#include "task/rst_build.h"
#include "task/task.h"

/* Coordinator: reads and checks mm-PID and the page maps of every live task into task->mm. */
MUST_USE struct err *mem_restore_read(struct restore *r);
/* Coordinator, after every image is read, nothing made: shared objects find each other, refusals. */
MUST_USE struct err *mem_restore_link(struct restore *r);
/* Coordinator, just before the root worker is forked: shared memory objects and the like. */
MUST_USE struct err *mem_restore_prepare(struct restore *r);

/*
 * Worker: maps the areas (home when free, else parked) and fills them.  What the process inherited from the worker
 * that forked it is known to this room alone (process-local state).  Called before children are forked.
 */
MUST_USE struct err *mem_restore_worker(struct worker *w);
/*
 * Worker: a hole of @len bytes (whole pages), free in the worker now and in the task's final layout, where the
 * restorer's area goes.  Nothing is mapped there yet.
 */
MUST_USE struct err *mem_restore_hole(struct worker *w, uint64_t len, uint64_t *start_out);
/* Worker, last thing before the jump: rst_args(b)->mem (and with rst_put what hangs on it) and the address fields of
 * rst_args(b)->mm.  The area itself [area_start, area_start + area_len) is mapped and must survive. */
MUST_USE struct err *mem_restore_fill(struct worker *w, struct rst_build *b);

/* Coordinator, task stopped and the restorer gone: only planned mappings are there. */
MUST_USE struct err *mem_restore_check(struct restore *r, struct task *t);

#endif
