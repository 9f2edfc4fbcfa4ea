/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NS_NS_H
#define NS_NS_H

#include "core.pb-c.h"

#include "task/task.h"

/*
 * Compares the namespaces of every task with the tool's own; tasks in others are joined to d->blockers.  Fills the
 * namespace ids of all t->ids.
 */
MUST_USE struct err *ns_look(struct dump *d);
/* The ids of the tool itself for the inventory: kernel objects are number 1, namespaces 1 to 8. */
TaskKobjIdsEntry *ns_own_ids(struct arena *a);

#endif
