/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is left to do when the worker has no more use for the tool's own memory: the list the
 * restorer works off.
 *
 *  1. unmap what is neither a piece, nor the vDSO, nor in the free end of the lot (the restorer)
 *  2. move the vDSO, then the parked pieces; homes are free by then and no home lies in the lot
 *  3. set protections, advice, guards, locks
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem/restore_priv.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

struct range {
	uint64_t start, end;
};

struct plan {
	struct worker *w;
	struct mem_layout *l;
	const MmEntry *rec;
	struct rst_mem_op *ops;
	size_t nr;
};

static void add_op(struct plan *p, const struct rst_mem_op *op)
{
	p->ops = arena_grow(p->w->restore->arena, p->ops, p->nr, sizeof(*op));
	p->ops[p->nr++] = *op;
}

/* --- 1: unmap --- */

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void sort_ranges(struct range *r, size_t nr)
{
	for (size_t i = 1; i < nr; i++) {
		if (r[i].start < r[i - 1].start) {
			qsort(r, nr, sizeof(*r), compare_ranges);
			return;
		}
	}
}

static size_t list_kept(const struct plan *p, struct range *out)
{
	const struct mem_restore *m = p->w->restore->mem;
	size_t nr = 0;

	for (size_t i = 0; i < p->l->nr_pieces; i++) {
		const struct piece *q = &p->l->pieces[i];

		out[nr++] = (struct range){ q->at, q->at + (q->end - q->start) };
	}
	if (p->l->vdso != VDSO_DROP)
		out[nr++] = (struct range){ m->vdso.start, m->vdso.end };
	if (p->l->vdso_aside)
		out[nr++] = (struct range){ p->l->vdso_aside,
					    p->l->vdso_aside + p->l->vdso_aside_len };
	out[nr++] = (struct range){ p->l->lot_parked, m->lot_end };
	sort_ranges(out, nr);
	return nr;
}

static void plan_unmap(struct plan *p)
{
	struct range *kept = arena_array(p->w->restore->arena, p->l->nr_pieces + 3, sizeof(*kept));
	size_t nr = list_kept(p, kept);
	uint64_t pos = 0;

	for (size_t i = 0; i <= nr; i++) {
		uint64_t end = i < nr ? kept[i].start : MEM_TASK_END;

		if (end > pos)
			add_op(p, &(struct rst_mem_op){
					  .kind = RST_MEM_UNMAP, .addr = pos, .len = end - pos });
		if (i < nr)
			pos = kept[i].end;
	}
}

/* --- 2: move --- */

static void move_vdso(struct plan *p, uint64_t from, uint64_t to)
{
	const struct running_vdso *run = &p->w->restore->mem->vdso;

	for (size_t i = 0; i < run->nr_parts; i++) {
		uint64_t off = run->parts[i].start - run->start;

		add_op(p, &(struct rst_mem_op){ .kind = RST_MEM_MOVE,
						.addr = from + off,
						.len = run->parts[i].end - run->parts[i].start,
						.to = to + off });
	}
}

static struct err *plan_vdso(struct plan *p)
{
	const struct running_vdso *run = &p->w->restore->mem->vdso;
	uint64_t from = run->start, home = p->l->vdso_home, len = run->end - run->start;

	if (p->l->vdso == VDSO_DROP || from == home)
		return NULL;
	/* mremap refuses ranges that overlap. */
	if (from < home + len && home < from + len) {
		uint64_t stop;

		TRY(lot_take(p->w->restore->mem, p->l, len, MEM_PAGE, &stop));
		move_vdso(p, from, stop);
		from = stop;
	}
	move_vdso(p, from, home);
	return NULL;
}

static void plan_moves(struct plan *p)
{
	for (size_t i = 0; i < p->l->nr_pieces; i++) {
		const struct piece *q = &p->l->pieces[i];

		if (q->at != q->start)
			add_op(p, &(struct rst_mem_op){ .kind = RST_MEM_MOVE,
							.addr = q->at,
							.len = q->end - q->start,
							.to = q->start });
	}
}

/* --- 3: protection, advice, guards, locks --- */

static void plan_protection(struct plan *p)
{
	for (size_t i = 0; i < p->l->nr_pieces; i++) {
		const struct piece *q = &p->l->pieces[i];
		const VmaEntry *v = p->rec->vmas[q->vma];
		bool has_key = v->pkey && v->pkey != p->l->exec_key;

		if (has_key || q->prot != v->prot)
			add_op(p, &(struct rst_mem_op){ .kind = has_key ? RST_MEM_KEY :
									  RST_MEM_PROTECT,
							.arg = v->prot,
							.addr = q->start,
							.len = q->end - q->start,
							.to = has_key ? v->pkey : 0 });
	}
}

static void add_keys_op(struct plan *p, enum rst_mem_op_kind kind, uint32_t arg)
{
	if (arg)
		add_op(p, &(struct rst_mem_op){ .kind = kind, .arg = arg });
}

/*
 * A key's number cannot be asked for: all up to the highest are taken, and what the program does not
 * hold is given back.  The kernel takes its own when it sees the first area that can only be
 * executed, so at that time no other may be free.
 */
static void plan_keys_and_protection(struct plan *p)
{
	uint32_t own = p->l->exec_key ? 1U << p->l->exec_key : 0;
	uint32_t held = p->rec->pkeys | own;
	uint32_t highest = held ? 31 - (uint32_t)__builtin_clz(held) : 0;

	add_keys_op(p, RST_MEM_TAKE_KEYS, highest);
	add_keys_op(p, RST_MEM_FREE_KEYS, own);
	plan_protection(p);
	add_keys_op(p, RST_MEM_FREE_KEYS, ((2U << highest) - 2) & ~held);
}

static void plan_advice(struct plan *p)
{
	for (size_t i = 0; i < p->rec->n_vmas; i++) {
		const VmaEntry *v = p->rec->vmas[i];
		uint64_t bits = v->madv & ADVICE_LATE;
		struct rst_mem_op op = { .kind = RST_MEM_ADVISE,
					 .addr = v->start,
					 .len = vma_len(v) };

		if (v->status & VMA_AREA_GUARD) {
			op.arg = MADV_GUARD_INSTALL;
			add_op(p, &op);
			continue;
		}
		if (!(v->status & VMA_AREA_REGULAR) || vma_is_vdso(v))
			continue;
		for (; bits; bits &= bits - 1) {
			op.arg = (uint32_t)__builtin_ctzll(bits);
			add_op(p, &op);
		}
	}
}

/* Whether the image has every page of @v; *extent_io only goes up. */
static struct err *is_full(const struct plan *p, const VmaEntry *v, size_t *extent_io, bool *out)
{
	uint64_t pos = v->start;

	for (; *extent_io < page_source_nr(p->l->pages) && pos < v->end; (*extent_io)++) {
		struct page_extent e;
		uint64_t end;

		TRY(page_source_get(p->l->pages, *extent_io, &e));
		end = e.start + e.nr_pages * MEM_PAGE;
		if (end <= pos)
			continue;
		if (e.start > pos)
			break;
		pos = end;
		if (end > v->end)
			break; /* the next mapping wants it too */
	}
	*out = pos >= v->end;
	return NULL;
}

/*
 * CRIU's images do not tell MLOCK_ONFAULT.  A locked area without a page here and there was locked with it or has no
 * access: mlock would populate it, or fail.
 */
static struct err *plan_locks(struct plan *p)
{
	size_t extent = 0;

	for (size_t i = 0; i < p->l->nr_vmas; i++) {
		const VmaEntry *v = p->rec->vmas[i];
		bool full = true;

		if (!(v->flags & MAP_LOCKED) || !(v->status & VMA_AREA_REGULAR) || vma_is_vdso(v))
			continue;
		if (v->has_locked_on_fault)
			full = !v->locked_on_fault;
		else if (!v->prot)
			full = false;
		else if (v->status & VMA_ANON_PRIVATE)
			TRY(is_full(p, v, &extent, &full));
		add_op(p, &(struct rst_mem_op){ .kind = RST_MEM_LOCK,
						.arg = full ? 0 : MLOCK_ONFAULT,
						.addr = v->start,
						.len = vma_len(v) });
	}
	return NULL;
}

/* --- the whole --- */

static void fill_mm(struct worker *w, struct rst_build *b)
{
	const MmEntry *e = w->task->mm->rec;
	size_t len = (e->n_mm_saved_auxv + 2) * sizeof(uint64_t);
	uint64_t auxv_off = e->n_mm_saved_auxv ? rst_put(b, NULL, len) : 0;
	struct rst_mm *mm = &rst_args(b)->mm;

	if (e->n_mm_saved_auxv)
		memcpy(rst_at(b, auxv_off), e->mm_saved_auxv,
		       e->n_mm_saved_auxv * sizeof(uint64_t));
	mm->auxv_off = auxv_off;
	mm->auxv_size = auxv_off ? (uint32_t)len : 0;
	mm->start_code = e->mm_start_code;
	mm->end_code = e->mm_end_code;
	mm->start_data = e->mm_start_data;
	mm->end_data = e->mm_end_data;
	mm->start_brk = e->mm_start_brk;
	mm->brk = e->mm_brk;
	mm->start_stack = e->mm_start_stack;
	mm->arg_start = e->mm_arg_start;
	mm->arg_end = e->mm_arg_end;
	mm->env_start = e->mm_env_start;
	mm->env_end = e->mm_env_end;
	mm->thp_disabled = e->has_thp_disabled ? e->thp_disabled : -1;
	mm->mlockall = e->mlockall_flags;
	mm->mdwe = e->mdwe;
	mm->memory_merge = e->memory_merge;
}

struct err *mem_restore_fill(struct worker *w, struct rst_build *b)
{
	struct plan p = { .w = w, .l = w->task->mm->layout, .rec = w->task->mm->rec };
	uint64_t off;

	plan_unmap(&p);
	TRY(plan_vdso(&p));
	plan_moves(&p);
	plan_keys_and_protection(&p);
	plan_advice(&p);
	TRY(plan_locks(&p));
	off = rst_put(b, p.ops, p.nr * sizeof(*p.ops));
	rst_args(b)->mem = (struct rst_mem_args){ .ops_off = off, .nr_ops = p.nr };
	fill_mm(w, b);
	return NULL;
}
