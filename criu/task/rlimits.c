/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resource limits, from /proc/PID/limits: prlimit(2) on a process of another user needs CAP_SYS_RESOURCE, the file
 * does not.
 */
#include "proc/limits.h"
#include "task/part.h"

static struct err *rlimits_dump_task(struct dump *d, struct task *t, const struct task_probe *p)
{
	TaskRlimitsEntry *e = t->threads[0].core->tc->rlimits =
		PB_NEW(d->arena, TaskRlimitsEntry, task_rlimits_entry);
	struct proc_limits limits;

	TRY(proc_limits_read(p->dirfd, &limits));
	e->n_rlimits = PROC_NR_LIMITS;
	e->rlimits = arena_array(d->arena, PROC_NR_LIMITS, sizeof(*e->rlimits));
	for (size_t i = 0; i < PROC_NR_LIMITS; i++) {
		e->rlimits[i] = PB_NEW(d->arena, RlimitEntry, rlimit_entry);
		e->rlimits[i]->cur = limits.limits[i].soft;
		e->rlimits[i]->max = limits.limits[i].hard;
	}
	return NULL;
}

const struct task_part task_part_rlimits = {
	.name = "rlimits",
	.dump_task = rlimits_dump_task,
};
