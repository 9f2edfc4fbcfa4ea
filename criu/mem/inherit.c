/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Splits the VMAs of a task into pieces: what the worker inherited from the one that forked it and
 * can keep, and what must be made.  Inherited areas the task does not have are unmapped.
 */

#include <errno.h>
#include <sys/mman.h>

#include "mem/restore_priv.h"

#define KIND_MASK \
	(VMA_FILE_PRIVATE | VMA_FILE_SHARED | VMA_ANON_SHARED | VMA_ANON_PRIVATE | VMA_AREA_MEMFD)

/* Whether a part of the inherited area @old can become a part of @v. */
static bool is_compatible(const VmaEntry *v, const VmaEntry *old)
{
	if ((v->status ^ old->status) & KIND_MASK || vma_is_vdso(v) || vma_is_vdso(old))
		return false;
	if ((v->flags ^ old->flags) & ~(uint32_t)MAP_LOCKED || (v->madv ^ old->madv) & ADVICE_EARLY)
		return false;
	if (v->status & VMA_ANON_PRIVATE)
		return true;
	return v->shmid == old->shmid && v->start - v->pgoff == old->start - old->pgoff &&
	       v->has_fdflags == old->has_fdflags && v->fdflags == old->fdflags;
}

static void add_piece(struct worker *w, uint32_t vma, uint64_t start, uint64_t end,
		      const struct piece *from)
{
	struct mem_layout *l = w->task->mm->layout;
	struct piece *p;

	if (start >= end)
		return;
	l->pieces = arena_grow(w->restore->arena, l->pieces, l->nr_pieces, sizeof(*p));
	p = &l->pieces[l->nr_pieces++];
	*p = (struct piece){ .start = start, .end = end, .vma = vma };
	if (from) {
		p->is_inherited = true;
		p->at = from->at + (start - from->start);
		p->prot = from->prot;
	}
}

/* Which entries are made; the vDSO areas of a task that gets the running one are moved in. */
static bool is_made(const struct mem_layout *l, const VmaEntry *v)
{
	return v->status & VMA_AREA_REGULAR && (!vma_is_vdso(v) || l->vdso == VDSO_REDIRECT);
}

/* @next is the first inherited piece that ends behind the start of @v. */
static void split_vma(struct worker *w, uint32_t vma, size_t *next)
{
	const struct mem_restore *m = w->restore->mem;
	const VmaEntry *v = w->task->mm->rec->vmas[vma];
	const struct mem_layout *old = m->current;
	uint64_t pos = v->start;

	while (old && *next < old->nr_pieces && old->pieces[*next].end <= v->start)
		(*next)++;
	for (size_t i = *next; old && i < old->nr_pieces && old->pieces[i].start < v->end; i++) {
		const struct piece *q = &old->pieces[i];
		uint64_t start = MAX(pos, q->start), end = MIN(v->end, q->end);

		if (!is_compatible(v, m->current_mm->rec->vmas[q->vma]))
			continue;
		add_piece(w, vma, pos, start, NULL);
		add_piece(w, vma, start, end, q);
		pos = end;
	}
	add_piece(w, vma, pos, v->end, NULL);
}

static struct err *unmap_part(const struct piece *q, uint64_t start, uint64_t end)
{
	if (start < end && munmap((void *)(uintptr_t)(q->at + (start - q->start)), end - start))
		return err_sys(errno, "cannot unmap inherited memory at %#llx",
			       (unsigned long long)start);
	return NULL;
}

/* Unmaps what is left of inherited pieces; both lists ascend by home. */
static struct err *unmap_rest(const struct mem_layout *old, const struct mem_layout *l)
{
	size_t k = 0;

	for (size_t i = 0; i < old->nr_pieces; i++) {
		const struct piece *q = &old->pieces[i];
		uint64_t pos = q->start;

		for (; k < l->nr_pieces && l->pieces[k].start < q->end; k++) {
			const struct piece *p = &l->pieces[k];

			if (!p->is_inherited)
				continue;
			TRY(unmap_part(q, pos, p->start));
			pos = p->end;
		}
		TRY(unmap_part(q, pos, q->end));
	}
	return NULL;
}

/*
 * A running vDSO that was meant to go into the lot of an older layout needs nothing: it moves in
 * the restorer only, which no child of ours has been through.
 */
struct err *inherit_areas(struct worker *w)
{
	struct mem_restore *m = w->restore->mem;
	struct mem_layout *l = w->task->mm->layout;
	size_t next = 0;

	l->lot_next = m->current ? m->current->lot_next : m->lot_start;
	for (uint32_t i = 0; i < l->nr_vmas; i++)
		if (is_made(l, w->task->mm->rec->vmas[i]))
			split_vma(w, i, &next);
	return m->current ? unmap_rest(m->current, l) : NULL;
}
