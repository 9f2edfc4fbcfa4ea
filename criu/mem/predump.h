/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_PREDUMP_H
#define MEM_PREDUMP_H

/*
 * The memory side of a pre-dump: while the tree stands it is only found out which pages changed, and they are marked
 * anew; they are copied when the tree runs again.  A page that is torn or gone by then has changed since the marks, so
 * the next dump does not take it from here.
 */

#include "task/task.h"

struct predump;

/* Tree stopped, mem_look and mem_track_begin done. */
MUST_USE struct err *mem_predump_plan(struct dump *d, struct predump **out);
/* Tree running. */
MUST_USE struct err *mem_predump_copy(struct dump *d, struct predump *p);

/* What a dump would find and have to do if it was made now, and what such things cost in this pre-dump. */
struct predump_after {
	uint64_t nr_pending; /* private pages written since the marks were made */
	uint64_t nr_runs;    /* in so many places */
	uint64_t nr_shared;  /* pages of shared objects, which are the dump's alone */
	uint64_t nr_present; /* private pages at the time of the marks */
	uint64_t nr_vmas;
	uint64_t look_us; /* of processor time, to ask for all areas (smaps) */
	uint64_t scan_us; /* to find what is pending */
	uint64_t nr_copied, copy_us;
};

/* Behind mem_predump_copy(), tree running; a task that has ended has nothing pending. */
void mem_predump_after(struct dump *d, struct predump *p, struct predump_after *out);
/* NULL is fine. */
void mem_predump_free(struct predump *p);

#endif
