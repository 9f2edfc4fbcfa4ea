/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pieces too large to park.  A reservation of many GiB may hold the place of something of the tool;
 * parking all of it would need as much room again.  It is cut into what is free now, which is made
 * at home, and what is not, which is small and parked.
 */

#include <fcntl.h>

#include "base/fd.h"
#include "mem/restore_priv.h"
#include "proc/maps.h"

static bool is_large(const struct mem_restore *m, const struct mem_layout *l, const struct piece *p)
{
	return !p->is_inherited && p->end - p->start > (m->lot_end - l->lot_next) / 4;
}

struct cutter {
	struct arena *a;
	struct piece *out;
	size_t nr;
};

static void keep(struct cutter *c, const struct piece *p, uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	c->out = arena_grow(c->a, c->out, c->nr, sizeof(*c->out));
	c->out[c->nr] = *p;
	c->out[c->nr].start = start;
	c->out[c->nr].end = end;
	if (p->is_inherited)
		c->out[c->nr].at = p->at + (start - p->start);
	c->nr++;
}

/* Cuts @p where the process has mappings; @next is the first that ends behind its start. */
static void cut(struct cutter *c, const struct piece *p, const struct proc_maps *maps, size_t next,
		uint64_t align)
{
	uint64_t pos = p->start;

	for (; next < maps->nr && maps->vmas[next].start < p->end; next++) {
		uint64_t start = maps->vmas[next].start & ~(align - 1);
		uint64_t end = (maps->vmas[next].end + align - 1) & ~(align - 1);

		keep(c, p, pos, MAX(pos, start));
		pos = MAX(pos, start);
		keep(c, p, pos, MIN(end, p->end));
		pos = MAX(pos, MIN(end, p->end));
	}
	keep(c, p, pos, p->end);
}

static struct err *split_all(struct worker *w)
{
	struct mem_layout *l = w->task->mm->layout;
	struct cutter c = { .a = w->restore->arena };
	struct proc_maps maps;
	size_t next = 0;
	AUTO_FD dir = -1;

	TRY(fd_open_at(AT_FDCWD, O_PATH | O_DIRECTORY, &dir, "/proc/self"));
	TRY(proc_maps_read_quick(dir, w->restore->arena, &maps));
	for (size_t i = 0; i < l->nr_pieces; i++) {
		const struct piece *p = &l->pieces[i];

		while (next < maps.nr && maps.vmas[next].end <= p->start)
			next++;
		if (is_large(w->restore->mem, l, p))
			cut(&c, p, &maps, next, vma_page_size(w->task->mm->rec->vmas[p->vma]));
		else
			keep(&c, p, p->start, p->end);
	}
	l->pieces = c.out;
	l->nr_pieces = c.nr;
	return NULL;
}

struct err *split_large(struct worker *w)
{
	const struct mem_layout *l = w->task->mm->layout;

	for (size_t i = 0; i < l->nr_pieces; i++)
		if (is_large(w->restore->mem, l, &l->pieces[i]))
			return split_all(w);
	return NULL;
}
