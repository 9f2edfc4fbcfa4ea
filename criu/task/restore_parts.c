/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of task attributes that a restore sets. */
#include "task/restore_parts.h"

#include <stdlib.h>
#include <string.h>

#include "task/restore_read.h"

static const struct restore_part *const parts[] = {
	&restore_part_signals, &restore_part_timers,  &restore_part_creds, &restore_part_rlimits,
	&restore_part_sched,   &restore_part_seccomp, &restore_part_rseq,  &restore_part_mm_fields,
	&restore_part_wishes,  &restore_part_misc,
};

static struct err *check_task(const struct restore *r, const struct task *t)
{
	for (size_t p = 0; p < ARRAY_SIZE(parts); p++) {
		if (parts[p]->check)
			TRY(parts[p]->check(r, t));
		for (size_t i = 0; parts[p]->check_thread && i < t->nr_threads; i++)
			TRY(parts[p]->check_thread(r, &t->threads[i]));
	}
	return NULL;
}

struct err *restore_parts_check(struct restore *r)
{
	for (size_t p = 0; p < ARRAY_SIZE(parts); p++)
		if (parts[p]->read)
			TRY(parts[p]->read(r));
	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		if (task_is_live(r->tree.tasks[i]))
			TRY(check_task(r, r->tree.tasks[i]));
	return NULL;
}

struct err *restore_parts_apply(struct worker *w)
{
	for (size_t p = 0; p < ARRAY_SIZE(parts); p++)
		if (parts[p]->apply)
			TRY(parts[p]->apply(w));
	return NULL;
}

static int cmp_tid(const void *a, const void *b)
{
	const struct thread *x = *(const struct thread *const *)a,
			    *y = *(const struct thread *const *)b;

	return x->ns_tid < y->ns_tid ? -1 : x->ns_tid > y->ns_tid;
}

static struct err *fill_thread(struct worker *w, struct rst_build *b, const struct thread *th,
			       uint64_t at)
{
	struct rst_thread out = { .tid = th->ns_tid };

	for (size_t p = 0; p < ARRAY_SIZE(parts); p++)
		if (parts[p]->fill_thread)
			TRY(parts[p]->fill_thread(w, b, th, &out));
	memcpy(rst_at(b, at), &out, sizeof(out));
	return NULL;
}

struct err *restore_parts_fill(struct worker *w, struct rst_build *b)
{
	const struct task *t = w->task;
	AUTO_FREE const struct thread **order = calloc(t->nr_threads, sizeof(*order));
	uint64_t list;

	if (!order)
		return err_new(ERR_NOMEM, "cannot sort %zu threads", t->nr_threads);
	for (size_t p = 0; p < ARRAY_SIZE(parts); p++)
		if (parts[p]->fill)
			TRY(parts[p]->fill(w, b));
	for (size_t i = 0; i < t->nr_threads; i++)
		order[i] = &t->threads[i];
	qsort(order + 1, t->nr_threads - 1, sizeof(*order), cmp_tid);
	list = rst_put(b, NULL, t->nr_threads * sizeof(struct rst_thread));
	rst_args(b)->threads_off = list;
	rst_args(b)->nr_threads = t->nr_threads;
	for (size_t i = 0; i < t->nr_threads; i++)
		TRY(fill_thread(w, b, order[i], list + i * sizeof(struct rst_thread)));
	return NULL;
}
