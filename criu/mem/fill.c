/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fills the private areas of a task from its page map.
 *
 * New pieces are empty: pages are read straight into them.  Inherited pieces hold what the parent's
 * worker had: there a page is read beside, compared, and written only when it differs, and what the
 * image has no page for is dropped, so that it reads as zeros (or the mapped file) again.
 */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "mem/restore_priv.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

enum { COMPARE_PAGES = 64 };
/* Below these the extra system calls cost more than they save. */
enum { PLACE_MIN_PAGES = 256, PLACE_MIN_RUN = 2 };

/* Pages read beside, and where their inherited copies are. */
struct beside {
	char *at;
	size_t nr;
};

struct fill {
	struct worker *w;
	struct mem_layout *l;
	const MmEntry *rec;
	struct filler *filler;
	struct placer *placer;
	size_t extent;	/* looked at */
	bool is_begun;	/* the current piece was looked at by begin_piece */
	bool is_placed; /* and the placer fills it */
	size_t piece;	/* the piece looked at; pieces before are done */
	uint64_t done;	/* home address up to which the current piece, if inherited, is done */
	size_t old; /* extent of the inherited page map: the first that ends behind what is done */

	char *buf; /* COMPARE_PAGES, of which nr_beside are wanted by the parts */
	size_t nr_beside;
	struct beside parts[COMPARE_PAGES];
	size_t nr_parts;
};

/*
 * Whether the worker that forked this one had a page at @start, and up to where that is so; ranges ascend.
 */
static struct err *had_page(struct fill *f, uint64_t start, uint64_t end, bool *had_out,
			    uint64_t *end_out)
{
	struct page_source *old = f->w->restore->mem->current->pages;
	struct page_extent e;

	*had_out = false;
	*end_out = end;
	for (; f->old < page_source_nr(old); f->old++) {
		TRY(page_source_get(old, f->old, &e));
		if (e.start + e.nr_pages * MEM_PAGE > start) {
			*had_out = e.start <= start;
			*end_out = MIN(end, *had_out ? e.start + e.nr_pages * MEM_PAGE : e.start);
			break;
		}
	}
	return NULL;
}

/* Takes inherited pages away that the image does not have. */
static struct err *drop_pages(struct fill *f, struct piece *p, uint64_t start, uint64_t end)
{
	uint64_t had_end;
	bool had;

	if (start >= end || !p->is_inherited || !vma_is_private(f->rec->vmas[p->vma]))
		return NULL;
	TRY(had_page(f, start, end, &had, &had_end));
	if ((had || had_end < end) &&
	    madvise((void *)(uintptr_t)(p->at + (start - p->start)), end - start, MADV_DONTNEED))
		return err_sys(errno, "cannot drop inherited pages at %#llx of task %d",
			       (unsigned long long)start, f->w->task->ns_pid);
	return NULL;
}

/*
 * Whether a piece has enough pages in long enough runs for the placer.  Pieces that may have huge
 * pages are left to faults, which make them.
 */
static struct err *is_worth_placing(const struct fill *f, const struct piece *p, bool *out)
{
	const VmaEntry *v = f->rec->vmas[p->vma];
	uint64_t pages = 0, runs = 0;

	*out = false;
	if (p->is_inherited || !(v->status & VMA_ANON_PRIVATE) || f->w->restore->mem->has_thp ||
	    v->flags & (MAP_HUGETLB | MAP_GROWSDOWN | MAP_DROPPABLE) ||
	    v->madv & 1ULL << MADV_HUGEPAGE)
		return NULL;
	for (size_t i = f->extent; i < page_source_nr(f->l->pages); i++, runs++) {
		struct page_extent e;

		TRY(page_source_get(f->l->pages, i, &e));
		if (e.start >= p->end)
			break;
		pages += MIN(e.nr_pages, (p->end - e.start) / MEM_PAGE);
	}
	*out = pages >= PLACE_MIN_PAGES && pages / PLACE_MIN_RUN >= runs;
	return NULL;
}

static struct err *begin_piece(struct fill *f, struct piece *p)
{
	bool worth;

	if (f->is_begun)
		return NULL;
	f->is_begun = true;
	TRY(piece_open(f->w, p));
	TRY(is_worth_placing(f, p, &worth));
	f->is_placed = worth && placer_begin(f->placer, p);
	return NULL;
}

static struct err *end_piece(struct fill *f)
{
	const struct piece *p = &f->l->pieces[f->piece++];
	bool was_placed = f->is_placed;

	f->is_begun = f->is_placed = false;
	return was_placed ? placer_end(f->placer, p) : NULL;
}

/* Moves on to the piece that holds @addr; what is passed over has no pages in the image. */
static struct err *advance(struct fill *f, uint64_t addr)
{
	while (f->piece < f->l->nr_pieces && f->l->pieces[f->piece].end <= addr) {
		struct piece *p = &f->l->pieces[f->piece];

		TRY(drop_pages(f, p, MAX(f->done, p->start), p->end));
		TRY(end_piece(f));
	}
	if (f->piece < f->l->nr_pieces) {
		struct piece *p = &f->l->pieces[f->piece];

		TRY(drop_pages(f, p, MAX(f->done, p->start), MIN(addr, p->end)));
	}
	return NULL;
}

static void compare_page(struct mem_counters *c, char *page, const char *wanted)
{
	if (!memcmp(page, wanted, MEM_PAGE)) {
		c->pages_skipped_cow++;
		return;
	}
	memcpy(page, wanted, MEM_PAGE);
	c->pages_restored++;
}

static struct err *compare_all(struct fill *f)
{
	const char *wanted = f->buf;

	if (!f->nr_beside)
		return NULL;
	TRY(filler_flush(f->filler));
	for (size_t i = 0; i < f->nr_parts; i++)
		for (size_t k = 0; k < f->parts[i].nr; k++, wanted += MEM_PAGE)
			compare_page(&f->l->counters, f->parts[i].at + k * MEM_PAGE, wanted);
	f->l->counters.pages_compared += f->nr_beside;
	f->nr_beside = f->nr_parts = 0;
	return NULL;
}

static struct err *add_beside(struct fill *f, const struct page_extent *ext, uint64_t first,
			      uint64_t nr, char *at)
{
	while (nr) {
		uint64_t n = MIN(nr, (uint64_t)COMPARE_PAGES - f->nr_beside);

		if (!n) {
			TRY(compare_all(f));
			continue;
		}
		f->parts[f->nr_parts++] = (struct beside){ at, n };
		TRY(filler_add(f->filler, ext, first, n, f->buf + f->nr_beside * MEM_PAGE));
		f->nr_beside += n;
		first += n;
		nr -= n;
		at += n * MEM_PAGE;
	}
	return NULL;
}

/*
 * Pages of a private mapping of a file that the forking worker had no copies of: what reads the same now is the file's
 * page, and would change with it.
 */
static struct err *add_file_pages(struct fill *f, const struct page_extent *ext, uint64_t first,
				  uint64_t nr, char *at)
{
	uint64_t addr = ext->start + first * MEM_PAGE;
	const uint64_t end = addr + nr * MEM_PAGE;

	while (addr < end) {
		uint64_t part_end, n;
		bool had;

		TRY(had_page(f, addr, end, &had, &part_end));
		n = (part_end - addr) / MEM_PAGE;
		if (had) {
			TRY(add_beside(f, ext, first, n, at));
		} else {
			f->l->counters.pages_restored += n;
			TRY(filler_add(f->filler, ext, first, n, at));
		}
		addr = part_end;
		first += n;
		at += n * MEM_PAGE;
	}
	return NULL;
}

/* The part of a run that lies in the current piece. */
static struct err *fill_part(struct fill *f, const struct page_extent *ext, uint64_t first,
			     uint64_t nr)
{
	struct piece *p = &f->l->pieces[f->piece];
	uint64_t start = ext->start + first * MEM_PAGE;
	char *at = (char *)(uintptr_t)(p->at + (start - p->start));

	f->done = start + nr * MEM_PAGE;
	TRY(begin_piece(f, p));
	if (p->is_inherited && f->rec->vmas[p->vma]->status & VMA_FILE_PRIVATE)
		return add_file_pages(f, ext, first, nr, at);
	if (p->is_inherited)
		return add_beside(f, ext, first, nr, at);
	f->l->counters.pages_restored += nr;
	if (f->is_placed)
		return placer_run(f->placer, ext, first, nr, at);
	return filler_add(f->filler, ext, first, nr, at);
}

static struct err *fill_extent(struct fill *f, const struct page_extent *ext)
{
	for (uint64_t first = 0; first < ext->nr_pages;) {
		uint64_t addr = ext->start + first * MEM_PAGE, nr = ext->nr_pages - first;
		const struct piece *p;

		TRY(advance(f, addr));
		p = f->piece < f->l->nr_pieces ? &f->l->pieces[f->piece] : NULL;
		if (!p || p->start > addr) {
			/* Only the areas of a vDSO that is moved in have pages and no piece. */
			uint64_t next = p ? p->start : UINT64_MAX;

			first += MIN(nr, (next - addr) / MEM_PAGE);
			continue;
		}
		nr = MIN(nr, (p->end - addr) / MEM_PAGE);
		TRY(fill_part(f, ext, first, nr));
		first += nr;
	}
	return NULL;
}

static struct err *fill_all(struct fill *f)
{
	struct page_source *src = f->l->pages;

	for (; f->extent < page_source_nr(src); f->extent++) {
		struct page_extent e;
		bool found;

		TRY(page_source_get(src, f->extent, &e));
		/* find, because it opens the pages file */
		TRY(page_source_find(src, e.start, &e, &found));
		BUG_ON(!found);
		TRY(fill_extent(f, &e));
	}
	TRY(advance(f, UINT64_MAX));
	TRY(compare_all(f));
	return filler_flush(f->filler);
}

struct err *fill_areas(struct worker *w)
{
	struct mem_layout *l = w->task->mm->layout;
	AUTO_FILLER *filler = NULL;
	AUTO_PLACER *placer = NULL;
	AUTO_FREE char *buf = malloc(COMPARE_PAGES * MEM_PAGE);
	struct fill f = { .w = w, .l = l, .rec = w->task->mm->rec, .buf = buf };

	if (!buf)
		return err_new(ERR_NOMEM, "cannot fill memory of task %d", w->task->ns_pid);
	TRY(filler_new(l->pages, w->restore->progress, &filler));
	TRY(placer_new(l->pages, w->restore->progress, &placer));
	f.filler = filler;
	f.placer = placer;
	TRY(err_context(fill_all(&f), "memory of task %d", w->task->ns_pid));
	page_source_drop_fds(l->pages);
	return NULL;
}
