// SPDX-License-Identifier: GPL-2.0-only
#include "mem/gather.h"

#include <sys/mman.h>

#include "base/fd.h"
#include "base/options.h"
#include "image/dir.h"
#include "mem/mm.h"
#include "mem/page_scan.h"
#include "mem/tracker.h"
#include "task/part.h"

bool vma_has_private_pages(const VmaEntry *e)
{
	if (!(e->status & (VMA_ANON_PRIVATE | VMA_FILE_PRIVATE)) || !(e->status & VMA_AREA_REGULAR))
		return false;
	/* 8 is MAP_DROPPABLE: contents may vanish at any time, so they do here. */
	return !(e->status & (VMA_AREA_VVAR | VMA_AREA_VDSO)) && (e->flags & 0xf) != 8;
}

struct gathering {
	struct dump *d;
	struct task *t;
	struct gathered *out;
	struct page_source *parent; /* or NULL; asked in ascending order */
};

static VmaEntry *guard_to_pb(struct arena *a, uint64_t start, uint64_t end)
{
	VmaEntry *e = PB_NEW(a, VmaEntry, vma_entry);

	e->start = start;
	e->end = end;
	e->status = VMA_AREA_GUARD;
	e->fd = -1;
	return e;
}

static void add_guard(struct gathering *g, uint64_t start, uint64_t end)
{
	struct gathered *out = g->out;

	out->guards = arena_grow(g->d->arena, out->guards, out->nr_guards, sizeof(*out->guards));
	out->guards[out->nr_guards++] = guard_to_pb(g->d->arena, start, end);
}

static struct err *add_written(struct gathering *g, uint64_t start, uint64_t end)
{
	return page_plan_add(&g->out->plan, g->out->sink, start, (end - start) / MEM_PAGE);
}

/* Up to where, from @start on, the parent has the bytes of all pages, or of none. */
static struct err *parent_covers(struct gathering *g, uint64_t start, uint64_t end, bool *has_out,
				 uint64_t *end_out)
{
	struct page_extent e = { 0 };
	bool found;

	TRY(page_source_next(g->parent, start, &e, &found));
	*has_out = found && e.start <= start && e.flags & PAGE_PRESENT;
	if (!found)
		*end_out = end;
	else if (e.start > start)
		*end_out = MIN(end, e.start);
	else
		*end_out = MIN(end, e.start + e.nr_pages * MEM_PAGE);
	return NULL;
}

/* A clean page that the parent lacks is written: each set can stand on its own index. */
static struct err *add_clean(struct gathering *g, uint64_t start, uint64_t end)
{
	while (start < end) {
		uint64_t part_end;
		bool has;

		TRY(parent_covers(g, start, end, &has, &part_end));
		if (has) {
			uint64_t nr = (part_end - start) / MEM_PAGE;

			TRY(page_sink_run(g->out->sink, start, nr, PAGE_IN_PARENT, NULL));
			g->out->nr_parent += nr;
		} else {
			TRY(add_written(g, start, part_end));
		}
		start = part_end;
	}
	return NULL;
}

/* --pre-dump-mode=read: what process_vm_readv cannot read is left to the dump. */
static bool is_left_out(const struct gathering *g, const VmaEntry *vma)
{
	return g->d->opts->command == CMD_PRE_DUMP && g->d->opts->pre_dump_read &&
	       !(vma->prot & PROT_READ);
}

static struct err *add_part(struct gathering *g, const VmaEntry *vma, const struct page_range *r)
{
	struct page_range part = *r;
	bool is_clean = false;
	uint64_t end;

	part.start = MAX(r->start, vma->start);
	end = part.end = MIN(r->end, vma->end);
	if (r->is_guard) {
		add_guard(g, part.start, part.end);
		return NULL;
	}
	if (!vma_has_private_pages(vma) || is_left_out(g, vma))
		return NULL;
	/* Huge pages of hugetlbfs have no soft-dirty bits and are not registered. */
	if (vma->flags & MAP_HUGETLB)
		return add_written(g, part.start, part.end);
	for (; part.start < end; part.start = part.end, part.end = end) {
		TRY(mem_track_range(g->d, g->t, &part, &is_clean));
		TRY(is_clean && g->parent ? add_clean(g, part.start, part.end) :
					    add_written(g, part.start, part.end));
	}
	return NULL;
}

/* The vDSO; a pre-dump's is for CRIU, which leaves it to the parent when it continues the chain. */
static bool wants_whole(const VmaEntry *vma)
{
	return vma->status & VMA_AREA_VDSO;
}

/* What a child has not used yet is not in its page table, where a copy after the thaw looks (mem/copy.c). */
static struct err *touch_pages(const struct task *t, const VmaEntry *vma)
{
	uint8_t byte;

	for (uint64_t addr = vma->start; addr < vma->end; addr += MEM_PAGE)
		TRY(err_context(fd_pread_all(t->probe->mem_fd, &byte, 1, (off_t)addr),
				"reading the vDSO of task %d at %#lx", t->host_pid, addr));
	return NULL;
}

static struct err *add_whole(struct gathering *g, const VmaEntry *vma)
{
	TRY(touch_pages(g->t, vma));
	return page_plan_add(&g->out->plan, g->out->sink, vma->start,
			     (vma->end - vma->start) / MEM_PAGE);
}

/* Both lists ascend; a range may cover several areas and an area several ranges. */
static struct err *walk(struct gathering *g, struct page_scan *scan)
{
	const MmEntry *mm = g->t->mm->rec;
	struct page_range range;
	bool found;

	TRY(page_scan_next(scan, &range, &found));
	for (size_t i = 0; i < mm->n_vmas; i++) {
		const VmaEntry *vma = mm->vmas[i];

		if (wants_whole(vma))
			TRY(add_whole(g, vma));
		while (found && range.start < vma->end) {
			if (range.end > vma->start)
				TRY(add_part(g, vma, &range));
			if (range.end > vma->end)
				break; /* the next area has the rest */
			TRY(page_scan_next(scan, &range, &found));
		}
	}
	return NULL;
}

struct err *gather_pages(struct dump *d, struct task *t, const struct task_probe *p,
			 struct gathered *out)
{
	struct gathering g = { .d = d, .t = t, .out = out };
	AUTO_PAGE_SCAN struct page_scan *scan = NULL;
	struct page_scan_how how = { .soft_dirty = false };

	page_plan_init(&out->plan, image_dir_fd(d->images));
	TRY(page_sink_open(d->images, IMAGE_PAGEMAP, t->ns_pid, &out->sink));
	TRY(mem_track_how(d, t, &how));
	g.parent = mem_track_parent(t);
	TRY(page_scan_open(p->dirfd, d->kernel, &p->maps, &how, &scan));
	TRY(walk(&g, scan));
	return mem_track_restart(d, t);
}

void gathered_fini(struct gathered *g)
{
	page_sink_abandon(PTR_TAKE(g->sink));
	page_plan_fini(&g->plan);
}
