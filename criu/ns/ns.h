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
/*
 * Does the text of a link, "net:[4026531840]", name one of the tool's own namespaces?  Then its number in the images and
 * its CLONE_NEW* flag.
 */
bool ns_is_own(const char *text, uint32_t *id_out, uint32_t *cflag_out);
/* The name in /proc/PID/ns of the namespace of kind @cflag, when @t lives in number @id of them; else NULL. */
const char *ns_of_task(const struct task *t, uint32_t id, uint32_t cflag);
/* The ids of the tool itself for the inventory: kernel objects are number 1, namespaces 1 to 8. */
TaskKobjIdsEntry *ns_own_ids(struct arena *a);

#endif
