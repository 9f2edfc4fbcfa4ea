/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_PAGE_PLAN_H
#define MEM_PAGE_PLAN_H

/* Which pages of a task go into its pages file: noted while the task is stopped, copied then or later. */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/pages.h"

struct page_run {
	uint64_t start; /* address in the task */
	uint64_t nr_pages;
	uint64_t offset; /* of its bytes in the pages file */
};

/*
 * Runs ascend by address and offset, without gaps between offsets.  The last ones added are on the heap, those before
 * in a file without a name: a plan does not grow with the memory it is about.
 */
struct page_plan {
	struct page_run *runs; /* heap */
	size_t nr_heap;
	size_t nr_spooled;
	int dirfd; /* where the file may be made; lent */
	int fd;	   /* the file, or -1 */
	uint64_t nr_pages;
};

void page_plan_init(struct page_plan *plan, int dirfd);
/* Adds a present run to the sink and the plan. */
MUST_USE struct err *page_plan_add(struct page_plan *plan, struct page_sink *sink, uint64_t start,
				   uint64_t nr_pages);
size_t page_plan_nr(const struct page_plan *plan);
/* Run @i, counted from 0. */
MUST_USE struct err *page_plan_get(const struct page_plan *plan, size_t i, struct page_run *out);
/* The number of the run that holds byte @offset of the pages file. */
MUST_USE struct err *page_plan_find(const struct page_plan *plan, uint64_t offset, size_t *out);
void page_plan_fini(struct page_plan *plan);

#endif
