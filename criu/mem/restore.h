/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_RESTORE_H
#define MEM_RESTORE_H

/*
 * The memory side of a restore, in the order the flow calls it.
 *
 * Private areas are made at their home address when that is free in the worker, else parked in the
 * lot: one big range that is free in the tool and in the final layout of every task.  A worker is a
 * fork of the worker that made its parent's memory, so it finds those areas in place, keeps what it
 * has too and touches only pages that differ: frames that fork shares stay shared.
 */

#include <stdint.h>

#include "fdinfo.pb-c.h"
#include "task/rst_build.h"
#include "task/task.h"

/* What this room needs from higher ones. */
struct mem_hooks {
	/* Worker: opens a file of files.img; @flags is O_RDONLY or O_RDWR (files_open_by_id). */
	MUST_USE struct err *(*open_file)(struct worker *w, uint32_t file_id, int flags,
					  int *fd_out);
	/* Coordinator: the record of files.img with this id, or NULL (files_find). */
	const FileEntry *(*find_file)(const struct restore *r, uint32_t file_id);
	/*
	 * Coordinator: the lowest number for descriptors the tool keeps in workers
	 * (files_fd_floor).
	 */
	int (*fd_floor)(const struct restore *r);
};

/* Coordinator, first: makes r->mem.  @hooks is copied. */
MUST_USE struct err *mem_restore_new(struct restore *r, const struct mem_hooks *hooks);
/* Coordinator: reads and checks mm-PID and the page maps of every live task into task->mm. */
MUST_USE struct err *mem_restore_read(struct restore *r);
/*
 * Coordinator, after every image is read, nothing made: shared objects find each other, refusals.
 */
MUST_USE struct err *mem_restore_link(struct restore *r);
/* Coordinator: private pages that workers will fill or compare. */
uint64_t mem_restore_nr_pages(const struct restore *r);
/*
 * Coordinator, just before the root worker is forked: makes and fills the shared memory objects.
 * Workers inherit their descriptors, which sit above the floor.
 */
MUST_USE struct err *mem_restore_prepare(struct restore *r);

/*
 * For descriptors of memfds, by the inode_id of memfd.img.  The coordinator's descriptor, open for
 * reading and writing from mem_restore_prepare to mem_restore_drop; -1: there is none.
 */
int mem_restore_memfd(const struct restore *r, uint32_t inode_id);

/*
 * Worker: maps the areas (home when free, else parked) and fills them.  What the process inherited
 * from the worker that forked it is known to this room alone (process-local state).  Called before
 * children are forked.
 */
MUST_USE struct err *mem_restore_worker(struct worker *w);
/*
 * Worker, its children are forked: a hole of @len bytes (whole pages), free in the worker now and
 * in the task's final layout, where the restorer's area goes.  Nothing is mapped there yet.
 */
MUST_USE struct err *mem_restore_hole(struct worker *w, uint64_t len, uint64_t *start_out);
/*
 * Worker, last thing before the jump: rst_args(b)->mem (and with rst_put what hangs on it) and the
 * address fields of rst_args(b)->mm with auxv and thp_disabled; exe_fd and dumpable are left alone.
 * Whatever was given out by mem_restore_hole, or lies behind it in the lot, survives the plan.
 */
MUST_USE struct err *mem_restore_fill(struct worker *w, struct rst_build *b);

struct mem_counters {
	uint64_t pages_restored;    /* written into memory */
	uint64_t pages_compared;    /* inherited and compared with the image */
	uint64_t pages_skipped_cow; /* found equal: the frame is still shared */
};
/* Worker: what mem_restore_worker did here. */
struct mem_counters mem_restore_counters(const struct worker *w);

/*
 * Coordinator, every worker is through mem_restore_worker: the seals that would have been in its
 * way.
 */
MUST_USE struct err *mem_restore_seal(struct restore *r);
/* Coordinator, task stopped and the restorer gone: only planned mappings are there. */
MUST_USE struct err *mem_restore_check(struct restore *r, struct task *t);
/* Coordinator: closes and frees what mem_restore_prepare and _link keep; harmless twice. */
void mem_restore_drop(struct restore *r);

#endif
