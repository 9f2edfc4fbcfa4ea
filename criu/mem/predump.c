// SPDX-License-Identifier: GPL-2.0-only
#include "mem/predump.h"

#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/stats.h"
#include "image/pages.h"
#include "mem/gather.h"
#include "mem/mm.h"
#include "mem/page_scan.h"
#include "mem/tracker.h"
#include "proc/maps.h"
#include "proc/pagemap.h"
#include "task/part.h"

struct predump {
	struct dump *d;
	struct gathered *tasks; /* in the order of the tree */
	int *pagemap_fds;	/* of each, opened while it is stopped; -1: none */
	size_t nr;
	struct predump_after after;
};

void mem_predump_free(struct predump *p)
{
	for (size_t i = 0; p && i < p->nr; i++) {
		gathered_fini(&p->tasks[i]);
		if (p->pagemap_fds[i] >= 0)
			close(fd_take(&p->pagemap_fds[i]));
	}
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
		  g->nr_parent, page_plan_nr(&g->plan));
}

struct err *mem_predump_plan(struct dump *d, struct predump **out)
{
	struct predump *p = ARENA_NEW(d->arena, struct predump);
	uint64_t start = clock_us();

	p->d = d;
	p->nr = d->tree.nr_tasks;
	p->tasks = arena_array(d->arena, p->nr, sizeof(*p->tasks));
	p->pagemap_fds = arena_array(d->arena, p->nr, sizeof(*p->pagemap_fds));
	for (size_t i = 0; i < p->nr; i++)
		p->tasks[i].plan.fd = p->pagemap_fds[i] = -1;
	*out = p;
	for (size_t i = 0; i < p->nr; i++) {
		struct task *t = d->tree.tasks[i];

		if (t->state == TASK_DEAD)
			continue;
		TRY(err_context(gather_pages(d, t, t->probe, &p->tasks[i]), "memory of task %d",
				t->host_pid));
		TRY(pagemap_open(t->probe->dirfd, &p->pagemap_fds[i]));
		count(d, t, &p->tasks[i]);
	}
	d->stats->memdump_us += clock_us() - start;
	return NULL;
}

static uint64_t thread_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Of objects that several tasks map each has its share, so the sum counts a page once. */
static uint64_t shared_object_bytes(const struct task *t, const struct proc_maps *maps)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < t->mm->rec->n_vmas; i++) {
		const VmaEntry *e = t->mm->rec->vmas[i];
		const struct proc_vma *v = proc_maps_find(maps, e->start);

		if (e->status & VMA_AREA_MEMFD && e->status & VMA_FILE_SHARED && v)
			bytes += v->pss_bytes;
	}
	return bytes;
}

/* For the prediction, and not asked in the freeze, for smaps is dear. */
static void look_at_areas(const struct task *t, struct predump_after *after)
{
	uint64_t start = thread_us();
	struct arena *a = arena_new();
	struct proc_maps maps;
	struct err *e = proc_maps_read(t->probe->dirfd, a, &maps);

	if (e) {
		err_drop(e, "the task has ended, or its areas change too fast to be listed");
	} else {
		after->nr_vmas += maps.nr;
		after->nr_shared += shared_object_bytes(t, &maps) / MEM_PAGE;
	}
	arena_free(a);
	after->look_us += thread_us() - start;
}

static struct err *copy_task(struct dump *d, const struct task *t, int pagemap_fd,
			     struct gathered *g, struct predump_after *after)
{
	const struct page_copy_from from = { .host_pid = t->host_pid,
					     .mem_fd = t->probe->mem_fd,
					     .is_running = true,
					     .pagemap_fd = pagemap_fd,
					     .progress = d->progress };
	uint64_t start = clock_us();

	TRY(err_context(page_plan_copy(&g->plan, g->sink, &from, &d->stats->pages_zero),
			"memory of task %d", t->host_pid));
	TRY(page_sink_finish(PTR_TAKE(g->sink)));
	after->copy_us += clock_us() - start;
	after->nr_copied += g->plan.nr_pages;
	after->nr_present += g->plan.nr_pages + g->nr_parent;
	/* Last: the sooner pages are copied the fewer of them change before. */
	look_at_areas(t, after);
	return NULL;
}

struct err *mem_predump_copy(struct dump *d, struct predump *p)
{
	uint64_t start = clock_us();

	progress_expect(d->progress, (int64_t)d->stats->pages_written);
	for (size_t i = 0; i < p->nr; i++)
		if (p->tasks[i].sink)
			TRY(copy_task(d, d->tree.tasks[i], p->pagemap_fds[i], &p->tasks[i],
				      &p->after));
	d->stats->memwrite_us += clock_us() - start;
	return NULL;
}

static struct err *count_pending(struct dump *d, struct task *t, struct predump_after *after)
{
	AUTO_PAGE_SCAN struct page_scan *scan = NULL;
	struct page_scan_how how;
	struct page_range range;
	bool found;

	mem_track_how_again(d, t, &how);
	TRY(page_scan_open(t->probe->dirfd, d->kernel, &t->probe->maps, &how, &scan));
	for (;;) {
		TRY(page_scan_next(scan, &range, &found));
		if (!found)
			return NULL;
		if (range.is_clean || range.is_guard)
			continue;
		after->nr_pending += (range.end - range.start) / MEM_PAGE;
		after->nr_runs++;
	}
}

void mem_predump_after(struct dump *d, struct predump *p, struct predump_after *out)
{
	uint64_t start = clock_us();

	for (size_t i = 0; i < p->nr; i++) {
		struct task *t = d->tree.tasks[i];

		if (t->state != TASK_DEAD)
			err_drop(count_pending(d, t, &p->after), "the task has ended");
	}
	p->after.scan_us = clock_us() - start;
	*out = p->after;
}
