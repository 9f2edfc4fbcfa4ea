/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resource limits, from /proc/PID/limits: prlimit(2) on a process of another user needs
 * CAP_SYS_RESOURCE, the file does not.
 */
#include "proc/limits.h"
#include "task/part.h"
#include "task/restore_parts.h"

static struct err *rlimits_dump_task(struct dump *d, struct task *t, const struct task_probe *p)
{
	TaskRlimitsEntry *e = t->threads[0].core->tc->rlimits = PB_NEW(d->arena, TaskRlimitsEntry,
								       task_rlimits_entry);
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

/* ---- restore ---- */

static struct err *rlimits_check(const struct restore *r UNUSED, const struct task *t)
{
	const TaskRlimitsEntry *limits = t->threads[0].core->tc->rlimits;

	for (size_t i = 0; limits && i < limits->n_rlimits; i++)
		if (limits->rlimits[i]->cur > limits->rlimits[i]->max)
			return err_new(ERR_IMAGE,
				       "core-%d.img: resource limit %zu is above its own maximum",
				       t->ns_pid, i);
	return NULL;
}

static struct err *rlimits_fill(struct worker *w, struct rst_build *b)
{
	const TaskRlimitsEntry *limits = w->task->threads[0].core->tc->rlimits;
	struct rst_process *p = &rst_args(b)->process;

	if (!limits)
		return NULL;
	/* Limits of a later kernel do not exist here. */
	p->nr_rlimits = MIN(limits->n_rlimits, (size_t)RST_NR_RLIMITS);
	for (size_t i = 0; i < p->nr_rlimits; i++)
		p->rlimits[i] = (struct rst_rlimit){ limits->rlimits[i]->cur,
						     limits->rlimits[i]->max };
	return NULL;
}

const struct restore_part restore_part_rlimits = {
	.name = "rlimits",
	.check = rlimits_check,
	.fill = rlimits_fill,
};
