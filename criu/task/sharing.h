/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_SHARING_H
#define TASK_SHARING_H

#include "base/err.h"

struct dump;

/*
 * Joins to d->blockers what tasks share in ways that cannot be made again: memory or signal handlers between processes,
 * a descriptor table with a task that is not the parent; and threads that do not share what threads share.  Needs the
 * ids of kobj_ids_assign().
 */
MUST_USE struct err *sharing_look(struct dump *d);

#endif
