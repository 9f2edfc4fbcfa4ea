/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_RESTORE_H
#define MEM_RESTORE_H

/*
 * The memory side of a restore.  In the order of the flow:
 *
 *   coordinator   mem_restore_new, mem_read (mm-PID.img), mem_link (partners, everything refusable),
 *                 mem_make_shared (shared objects, before the first fork)
 *   worker        mem_restore_worker, before it forks its children;
 *                 then, as the last thing before the jump: mem_reserve, mem_plan_size, mem_plan_write
 *   blob          rst_mem_apply (pie/rst_mem.c)
 *   coordinator   mem_seal_shared when every worker has mapped; mem_drop_shared at the end
 *
 * Private areas are made at their home address when that is free in the worker, else parked in the lot:
 * one big range that is free in the final layout of every task and in the tool.  A worker is a fork of its
 * parent task's worker, so it finds the parent's areas in place, keeps those it has too and touches only
 * pages that differ: frames that fork shares stay shared.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mem/mm.h"
#include "pie/abi/rst_mem.h"
#include "task/task.h"

struct _FileEntry;

/* Counted by all workers at once: the flow gives a place in memory shared with them. */
struct mem_counters {
	uint64_t pages_restored;    /* written into memory */
	uint64_t pages_compared;    /* inherited from the parent and compared with the image */
	uint64_t pages_skipped_cow; /* found equal, the frame is still shared */
};

/* What mem/ needs from higher rooms. */
struct mem_hooks {
	/* Worker: opens the file with this id of files.img; @flags is O_RDONLY, O_WRONLY or O_RDWR. */
	MUST_USE struct err *(*open_file)(struct worker *w, uint32_t file_id, int flags, int *fd_out);
	/* Coordinator: the record of files.img with this id, or NULL. */
	const struct _FileEntry *(*find_file)(const struct restore *r, uint32_t file_id);
	struct mem_counters *counters; /* may be NULL */
};

/* Makes r->mem.  @hooks is copied. */
MUST_USE struct err *mem_restore_new(struct restore *r, const struct mem_hooks *hooks);

/* Reads mm-PID.img of every living task into task->mm and checks it. */
MUST_USE struct err *mem_read(struct restore *r);

/*
 * All images are read and nothing is made yet: finds shared objects and their sizes, checks that files and
 * page maps exist, compares the stored vDSO with the running one, chooses the lot.
 */
MUST_USE struct err *mem_link(struct restore *r);

/*
 * Makes and fills every shared object that a task of the tree maps.  Their descriptors belong to r->mem, are
 * numbered from @fd_floor up, and are inherited by the workers.
 */
MUST_USE struct err *mem_make_shared(struct restore *r, int fd_floor);
/* Puts on the seals that forbid mapping; when every worker is through mem_restore_worker. */
MUST_USE struct err *mem_seal_shared(struct restore *r);
/* Closes the descriptors; harmless twice.  A worker may do so too after mem_restore_worker. */
void mem_drop_shared(struct restore *r);

/*
 * Maps and fills the memory of w->task in the calling process, which is a fork of the coordinator (root task)
 * or of the parent task's worker after its mem_restore_worker.  The worker itself runs on unharmed.
 */
MUST_USE struct err *mem_restore_worker(struct worker *w);

/*
 * A range of @len bytes (rounded up to pages) of the lot in which nothing is mapped: free now and in the final
 * layout.  The plan does not unmap it.  For the restorer, its stacks and its arguments.
 */
MUST_USE struct err *mem_reserve(struct worker *w, uint64_t len, uint64_t *start_out);

/* Bytes the plan needs in the argument area; known after mem_restore_worker. */
size_t mem_plan_size(const struct worker *w);
/*
 * Writes the plan of what is left to do into @space (mem_plan_size bytes at offset @space_off of the argument
 * area) and the numbers for rst_mem_apply into @out.  Every mem_reserve must have been made.
 */
MUST_USE struct err *mem_plan_write(struct worker *w, void *space, uint64_t space_off,
				    struct rst_mem_args *out);

/* One text for each value of rst_mem_result.where. */
const char *mem_plan_op_name(uint32_t op);

#endif
