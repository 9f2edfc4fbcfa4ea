/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fills the private areas of a task from its page map.
 *
 * New pieces are empty: pages are read straight into them.  Inherited pieces hold what the parent's worker had:
 * there a page is read beside, compared, and written only when it differs, and what the image has no page for is
 * dropped, so that it reads as zeros (or the mapped file) again.
 */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "mem/restore_priv.h"

enum { COMPARE_PAGES = 64 };

struct fill {
	struct worker *w;
	struct mem_layout *l;
	const MmEntry *rec;
	struct filler *filler;
	size_t piece;      /* the piece looked at; pieces before are done */
	uint64_t done;     /* home address up to which the current piece, if inherited, is done */
	char *buf;         /* COMPARE_PAGES */
};

static bool wants_pages(const struct fill *f, const struct piece *p)
{
	const VmaEntry *v = f->rec->vmas[p->vma];

	return vma_is_private(v);
}

/* Takes inherited pages away that the image does not have. */
static struct err *drop_pages(struct fill *f, struct piece *p, uint64_t start, uint64_t end)
{
	void *at = (void *)(uintptr_t)(p->at + (start - p->start));

	if (start >= end || !p->is_inherited || !wants_pages(f, p))
		return NULL;
	if (madvise(at, end - start, MADV_DONTNEED))
		return err_sys(errno, "cannot drop inherited pages at %#llx of task %d",
			       (unsigned long long)start, f->w->task->ns_pid);
	return NULL;
}

/* Moves on to the piece that holds @addr; what is passed over has no pages in the image. */
static struct err *advance(struct fill *f, uint64_t addr)
{
	while (f->piece < f->l->nr_pieces && f->l->pieces[f->piece].end <= addr) {
		struct piece *p = &f->l->pieces[f->piece++];

		TRY(drop_pages(f, p, MAX(f->done, p->start), p->end));
	}
	if (f->piece < f->l->nr_pieces) {
		struct piece *p = &f->l->pieces[f->piece];

		TRY(drop_pages(f, p, MAX(f->done, p->start), MIN(addr, p->end)));
	}
	return NULL;
}

static struct err *compare_pages(struct fill *f, const struct page_extent *ext, uint64_t first, uint64_t nr,
				 char *at)
{
	struct mem_counters *c = &f->l->counters;

	for (uint64_t done = 0; done < nr; done += COMPARE_PAGES) {
		uint64_t n = MIN(nr - done, (uint64_t)COMPARE_PAGES);

		TRY(filler_add(f->filler, ext, first + done, n, f->buf));
		TRY(filler_flush(f->filler));
		for (uint64_t i = 0; i < n; i++) {
			char *page = at + (done + i) * MEM_PAGE;

			if (!memcmp(page, f->buf + i * MEM_PAGE, MEM_PAGE)) {
				c->pages_skipped_cow++;
				continue;
			}
			memcpy(page, f->buf + i * MEM_PAGE, MEM_PAGE);
			c->pages_restored++;
		}
		c->pages_compared += n;
	}
	return NULL;
}

/* The part of a run that lies in the current piece. */
static struct err *fill_part(struct fill *f, const struct page_extent *ext, uint64_t first, uint64_t nr)
{
	struct piece *p = &f->l->pieces[f->piece];
	uint64_t start = ext->start + first * MEM_PAGE;
	char *at = (char *)(uintptr_t)(p->at + (start - p->start));

	f->done = start + nr * MEM_PAGE;
	TRY(piece_open(f->w, p));
	if (p->is_inherited)
		return compare_pages(f, ext, first, nr, at);
	f->l->counters.pages_restored += nr;
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

	for (size_t i = 0; i < page_source_nr(src); i++) {
		struct page_extent e;
		bool found;

		TRY(page_source_get(src, i, &e));
		/* find, because it opens the pages file */
		TRY(page_source_find(src, e.start, &e, &found));
		BUG_ON(!found);
		TRY(fill_extent(f, &e));
	}
	TRY(advance(f, UINT64_MAX));
	return filler_flush(f->filler);
}

struct err *fill_areas(struct worker *w)
{
	struct mem_layout *l = w->task->mm->layout;
	AUTO_FILLER *filler = NULL;
	AUTO_FREE char *buf = malloc(COMPARE_PAGES * MEM_PAGE);
	struct fill f = { .w = w, .l = l, .rec = w->task->mm->rec, .buf = buf };

	if (!buf)
		return err_new(ERR_NOMEM, "cannot fill memory of task %d", w->task->ns_pid);
	TRY(filler_new(l->pages, &filler));
	f.filler = filler;
	TRY(err_context(fill_all(&f), "memory of task %d", w->task->ns_pid));
	page_source_drop_fds(l->pages);
	return NULL;
}
