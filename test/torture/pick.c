/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the next action goes to: runs of pages that are alike, and holes between them. */
#include "torture.h"

#include <sys/mman.h>

enum { OVER_PERCENT = 25, TRIES = 12 };

static uint32_t class_of(const struct page *p)
{
	if (p->what == WHAT_FREE)
		return 0;
	if (!page_has_object(p))
		return C_ANON;
	return page_is_shared(p) ? C_SHARED : C_PRIVATE;
}

static bool fits(uint32_t index, const struct want *w)
{
	const struct page *p = page_get(index);
	struct content content;

	if (!(class_of(p) & w->classes) || (p->prot & w->prot) != w->prot)
		return false;
	if ((p->flags & w->with) != w->with || p->flags & w->without)
		return false;
	if (w->is_known && content_of(index, &content) != KNOWN_CONTENT)
		return false;
	if (!w->may_write || !page_has_object(p))
		return true;
	if (p->opage >= me.board->objects[page_object(p)].size)
		return false;
	return !page_is_shared(p) || board_owns(page_object(p), p->opage);
}

/* Whether @next can be in one mapping with the page before it. */
static bool are_alike(const struct page *p, const struct page *next)
{
	return p->what == next->what && p->prot == next->prot &&
	       (p->flags & AREA_FLAGS) == (next->flags & AREA_FLAGS) &&
	       (!page_has_object(p) || p->opage + 1 == next->opage);
}

static enum segment_id pick_segment(struct rng *r, uint32_t segments)
{
	enum segment_id id = rng_below(r, NR_SEGMENTS);

	if (!segments || rng_chance(r, 70))
		return SEG_ARENA;
	return segments >> id & 1 ? id : SEG_ARENA;
}

static uint32_t round_up(uint32_t x, uint32_t align)
{
	return (x + align - 1) / align * align;
}

/* From @start on, how long; at most w->max and not past the segment. */
static uint32_t run_length(uint32_t start, uint32_t end, const struct want *w)
{
	uint32_t nr = 1;

	while (nr < w->max && start + nr < end && fits(start + nr, w) &&
	       are_alike(page_get(start + nr - 1), page_get(start + nr)))
		nr++;
	return nr;
}

bool pick_run(struct rng *r, const struct want *w, struct run *out)
{
	enum segment_id id = pick_segment(r, w->segments);
	uint32_t first = segment_first(id), total = segment_nr(id), align = w->align ? w->align : 1;
	uint32_t from = rng_below(r, total) / align * align;

	for (uint32_t i = 0; i < total; i += align) {
		uint32_t at = first + (from + i) % total, nr;

		if (at + align > first + total || !fits(at, w))
			continue;
		nr = run_length(at, first + total, w) / align * align;
		if (!nr)
			continue;
		*out = (struct run){ at, id == SEG_WIDE ? 1 : nr };
		return true;
	}
	return false;
}

static uint32_t hole_at(uint32_t start, uint32_t end, uint32_t nr)
{
	uint32_t i = 0;

	while (i < nr && start + i < end && page_get(start + i)->what == WHAT_FREE)
		i++;
	return i;
}

bool pick_hole(struct rng *r, uint32_t nr, uint32_t align, struct run *out)
{
	uint32_t first = segment_first(SEG_ARENA), end = first + me.cfg.arena_pages;
	uint32_t at = rng_below(r, me.cfg.arena_pages) / align * align;

	for (uint32_t seen = 0; seen < 2 * me.cfg.arena_pages;) {
		uint32_t free = hole_at(first + at, end, nr), next;

		if (free == nr) {
			*out = (struct run){ first + at, nr };
			return true;
		}
		next = round_up(at + free + 1, align);
		seen += next - at;
		at = next >= me.cfg.arena_pages ? 0 : next;
	}
	return false;
}

/* Huge pages go as a whole or not at all: only their own actions touch them. */
bool range_may_go(uint32_t start, uint32_t nr)
{
	for (uint32_t i = start; i < start + nr; i++)
		if (page_get(i)->what != WHAT_FREE && page_get(i)->flags & F_HUGE)
			return false;
	return true;
}

bool pick_place(struct rng *r, uint32_t nr, uint32_t align, struct run *out)
{
	uint32_t slots = (me.cfg.arena_pages - nr) / align + 1;

	if (!rng_chance(r, OVER_PERCENT) && pick_hole(r, nr, align, out))
		return true;
	for (int i = 0; i < TRIES; i++) {
		*out = (struct run){ segment_first(SEG_ARENA) + rng_below(r, slots) * align, nr };
		if (range_may_go(out->start, nr))
			return true;
	}
	return false;
}

uint32_t pick_length(struct rng *r)
{
	switch (rng_below(r, 12)) {
	case 0:
		return HUGE_PAGES * (1 + rng_below(r, 3));
	case 1:
	case 2:
		return 1 + rng_below(r, 300);
	case 3:
	case 4:
	case 5:
		return 1;
	default:
		return 1 + rng_below(r, 40);
	}
}
