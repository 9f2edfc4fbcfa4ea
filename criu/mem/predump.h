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
/* NULL is fine. */
void mem_predump_free(struct predump *p);

#endif
