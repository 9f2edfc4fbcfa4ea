/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_ITERATION_H
#define FLOW_ITERATION_H

/* What dump and pre-dump put into the inventory about themselves as one iteration of a chain. */

#include "inventory.pb-c.h"
#include "task/task.h"

/* The common part of both inventories; @inv points into @arena afterwards.  The counts of d->stats are final. */
MUST_USE struct err *iteration_fill(struct dump *d, InventoryEntry *inv, uint64_t frozen_us);
/* What was predicted for the dump that has @images as parent; 0: nothing. */
uint64_t iteration_prediction(const struct image_dir *images);

#endif
