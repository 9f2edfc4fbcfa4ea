// SPDX-License-Identifier: GPL-2.0-only
#include "mem/predump.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stats.h"
#include "image/pages.h"
#include "mem/gather.h"
#include "mem/mm.h"
#include "proc/maps.h"
#include "task/part.h"

struct predump {
	struct dump *d;
	struct gathered *tasks; /* in the order of the tree */
	size_t nr;
};

void mem_predump_free(struct predump *p)
{
	for (size_t i = 0; p && i < p->nr; i++)
		gathered_fini(&p->tasks[i]);
}

static void count(struct dump *d, const struct task *t, const struct gathered *g)
{
	for (size_t i = 0; i < t->mm->rec->n_vmas; i++) {
		const VmaEntry *e = t->mm->rec->vmas[i];

		if (vma_has_private_pages(e))
			d->stats->pages_scanned += (e->end - e->start) / MEM_PAGE;
	}
	d->stats->pages_written += g->plan.nr_pages;
	d->stats->pages_skipped_parent += g->nr_parent;
	log_debug("mem", t->host_pid, "pages=%lu parent=%lu runs=%zu", g->plan.nr_pages,
		  g->nr_parent, g->plan.nr);
}

struct err *mem_predump_plan(struct dump *d, struct predump **out)
{
	struct predump *p = ARENA_NEW(d->arena, struct predump);
	uint64_t start = clock_us();

	p->d = d;
	p->nr = d->tree.nr_tasks;
	p->tasks = arena_array(d->arena, p->nr, sizeof(*p->tasks));
	*out = p;
	for (size_t i = 0; i < p->nr; i++) {
		struct task *t = d->tree.tasks[i];

		if (t->state == TASK_DEAD)
			continue;
		TRY(err_context(gather_pages(d, t, t->probe, &p->tasks[i]), "memory of task %d",
				t->host_pid));
		count(d, t, &p->tasks[i]);
	}
	d->stats->memdump_us += clock_us() - start;
	return NULL;
}

/*
 * What a relative shares since a fork must not be pinned (mem/copy.c); in the freeze nobody asked, for smaps is dear.
 * One that ended is copied as zeros.
 */
static void find_shared(const struct task_probe *probe, struct gathered *g, struct arena *a)
{
	struct proc_maps maps;
	struct err *e = proc_maps_read(probe->dirfd, a, &maps);

	for (size_t i = 0; i < g->plan.nr; i++) {
		struct page_run *run = &g->plan.runs[i];
		const struct proc_vma *v = e ? NULL : proc_maps_find(&maps, run->start);

		run->is_shared = !v || v->shared_bytes;
	}
	err_drop(e, "the task has ended");
}

static struct err *copy_task(struct dump *d, const struct task *t, struct gathered *g)
{
	struct arena *a = arena_new();
	const struct page_copy_from from = { .host_pid = t->host_pid,
					     .mem_fd = t->probe->mem_fd,
					     .is_running = true,
					     .progress = d->progress };

	find_shared(t->probe, g, a);
	arena_free(a);
	TRY(err_context(page_plan_copy(&g->plan, g->sink, &from, &d->stats->pages_zero),
			"memory of task %d", t->host_pid));
	return page_sink_finish(PTR_TAKE(g->sink));
}

struct err *mem_predump_copy(struct dump *d, struct predump *p)
{
	uint64_t start = clock_us();

	progress_expect(d->progress, (int64_t)d->stats->pages_written);
	for (size_t i = 0; i < p->nr; i++)
		if (p->tasks[i].sink)
			TRY(copy_task(d, d->tree.tasks[i], &p->tasks[i]));
	d->stats->memwrite_us += clock_us() - start;
	return NULL;
}
