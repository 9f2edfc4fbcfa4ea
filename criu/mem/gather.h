/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_GATHER_H
#define MEM_GATHER_H

/*
 * Which private pages of a stopped task are written and which are left to the parent set: the page map of the task, and
 * a plan of what is to be copied.  Guard ranges are found on the way.
 */

#include "mem/copy.h"
#include "mm.pb-c.h"
#include "task/task.h"

struct task_probe;

struct gathered {
	struct page_plan plan;
	struct page_sink *sink; /* of the task's page map; to be finished or abandoned */
	VmaEntry **guards;	/* the arena's */
	size_t nr_guards;
	uint64_t nr_parent; /* pages left to the parent */
};

/* Pages of this area are saved: those of the vDSO all, so that it can be compared and kept. */
bool vma_has_private_pages(const VmaEntry *e);
/*
 * @t->mm->rec->vmas and the probe's maps are there.  With a tracker its marks are cleared behind the scan
 * (mem/tracker.h).  @out is to be given to gathered_fini(), also after a failure.
 */
MUST_USE struct err *gather_pages(struct dump *d, struct task *t, const struct task_probe *p,
				  struct gathered *out);
void gathered_fini(struct gathered *g);

#endif
