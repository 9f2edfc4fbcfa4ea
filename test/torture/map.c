/* SPDX-License-Identifier: GPL-2.0-only */
/* Actions that change what is mapped: mmap, munmap, mremap, mprotect, brk, growing downwards. */
#include "torture.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RW = PROT_READ | PROT_WRITE, FULL_PERCENT = 75, START_AREAS = 6 };

static const uint8_t prots[] = {
	RW, RW, RW, RW, RW, PROT_READ, PROT_READ, PROT_NONE, RW | PROT_EXEC, PROT_READ | PROT_EXEC
};

static uint8_t pick_prot(struct rng *r)
{
	return prots[rng_below(r, sizeof(prots))];
}

/* Pages of a mapping that was just made: an object's, or nobody's. */
static void record_new(uint32_t start, uint32_t nr, struct page p)
{
	for (uint32_t i = 0; i < nr; i++) {
		page_set(start + i, p);
		p.opage += page_has_object(&p);
	}
}

static void record_free(uint32_t start, uint32_t nr)
{
	for (uint32_t i = start; i < start + nr; i++)
		page_clear(i);
}

static void map_at(uint32_t start, uint32_t nr, int prot, int flags, int fd, uint32_t opage)
{
	char *address = page_address(start);
	void *got = mmap(address, (size_t)nr * PAGE, prot, flags | MAP_FIXED, fd,
			 (off_t)opage * PAGE);

	if (got != address)
		fail("mmap of %u pages at %p prot %d flags %#x fd %d gives %p: %m", nr,
		     (void *)address, prot, (unsigned int)flags, fd, got);
}

void map_anon_at(uint32_t start, uint32_t nr, uint8_t prot, uint32_t flags, int mmap_flags)
{
	map_at(start, nr, prot, MAP_PRIVATE | MAP_ANONYMOUS | mmap_flags, -1, 0);
	record_new(start, nr, (struct page){ .what = WHAT_ANON, .prot = prot, .flags = flags });
}

/* --- mmap --- */

static bool is_full(void)
{
	return me.nr_mapped * 100ULL > (uint64_t)me.cfg.arena_pages * FULL_PERCENT;
}

static bool map_anon(struct rng *r)
{
	uint32_t nr = pick_length(r), align = nr >= HUGE_PAGES ? HUGE_PAGES : 1, flags = 0;
	uint8_t prot = pick_prot(r);
	int more = 0;
	struct run at;

	if (is_full() || !pick_place(r, nr, align, &at))
		return false;
	switch (rng_below(r, 8)) {
	case 0:
		more = MAP_POPULATE;
		break;
	case 1:
		more = MAP_LOCKED;
		flags = F_LOCKED;
		break;
	case 2:
		more = MAP_NORESERVE;
		break;
	default:
		break;
	}
	if (flags && nr > 64)
		flags = more = 0;
	map_anon_at(at.start, nr, prot, flags, more);
	told(at.start, nr, "prot=%d flags=%#x", prot, more);
	return true;
}

/* An object this process has a descriptor of. */
static bool pick_object(struct rng *r, uint32_t *out)
{
	uint32_t from = rng_below(r, NR_OBJECTS);

	for (uint32_t i = 0; i < NR_OBJECTS; i++) {
		*out = (from + i) % NR_OBJECTS;
		if (me.fds[*out] >= 0)
			return true;
	}
	return false;
}

/*
 * A private writable mapping is not populated here: that would copy pages of the object while others may be writing
 * them.  share.c does it.
 */
static bool map_object(struct rng *r)
{
	uint32_t nr = 1 + rng_below(r, rng_chance(r, 20) ? OBJECT_PAGES : 64), object, opage;
	bool is_shared = rng_chance(r, 50);
	uint8_t prot = pick_prot(r);
	int more = 0;
	struct run at;

	if (is_full() || !pick_object(r, &object))
		return false;
	opage = rng_below(r, me.board->objects[object].max);
	if (nr > me.board->objects[object].max - opage)
		nr = me.board->objects[object].max - opage;
	if (!pick_place(r, nr, 1, &at))
		return false;
	if (rng_chance(r, 15) && (is_shared || !(prot & PROT_WRITE)))
		more = MAP_POPULATE;
	map_at(at.start, nr, prot, (is_shared ? MAP_SHARED : MAP_PRIVATE) | more, me.fds[object],
	       opage);
	record_new(at.start, nr,
		   (struct page){ .what = is_shared ? what_shared(object) : what_private(object),
				  .prot = prot,
				  .opage = opage });
	told(at.start, nr, "object=%u opage=%u %s prot=%d flags=%#x", object, opage,
	     is_shared ? "shared" : "private", prot, more);
	return true;
}

/* Kept out of children: a copy of a private huge page needs a page of the pool, or the child dies. */
static bool map_huge(struct rng *r)
{
	uint32_t first = segment_first(SEG_ARENA), nr_huge = 0;
	struct run at;

	for (uint32_t i = first; i < first + me.cfg.arena_pages; i++)
		nr_huge += page_get(i)->what != WHAT_FREE && page_get(i)->flags & F_HUGE;
	if (!(me.can & CAN_HUGETLB) || me.slot || nr_huge / HUGE_PAGES >= me.cfg.hugepages ||
	    !pick_hole(r, HUGE_PAGES, HUGE_PAGES, &at))
		return false;
	map_anon_at(at.start, HUGE_PAGES, RW, F_HUGE | F_DONTFORK, MAP_HUGETLB);
	SYS(madvise(page_address(at.start), HUGE_PAGES * PAGE, MADV_DONTFORK));
	told(at.start, HUGE_PAGES, "hugetlb");
	return true;
}

static bool unmap_huge(struct rng *r)
{
	struct want w = {
		.classes = C_ANON, .with = F_HUGE, .max = HUGE_PAGES, .align = HUGE_PAGES
	};
	struct run at;

	if (!pick_run(r, &w, &at))
		return false;
	SYS(munmap(page_address(at.start), HUGE_PAGES * PAGE));
	record_free(at.start, HUGE_PAGES);
	told(at.start, HUGE_PAGES, "hugetlb");
	return true;
}

/* The big one without reservation: one mapping, of which few pages are used. */
static bool map_wide(struct rng *r)
{
	uint32_t first = segment_first(SEG_WIDE);
	size_t len = (size_t)WIDE_NR * WIDE_STRIDE * PAGE;

	if (page_get(first)->what == WHAT_FREE) {
		map_at(first, WIDE_NR * WIDE_STRIDE, RW,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		record_new(first, WIDE_NR, (struct page){ .what = WHAT_ANON, .prot = RW });
		SYS(madvise(page_address(first), len, MADV_NOHUGEPAGE));
	} else if (rng_chance(r, 10)) {
		SYS(munmap(page_address(first), len));
		record_free(first, WIDE_NR);
	} else {
		return false;
	}
	told(first, 1, "wide");
	return true;
}

/* --- munmap --- */

static bool unmap(struct rng *r)
{
	struct want w = { .classes = C_ALL, .max = pick_length(r), .without = F_HUGE };
	struct run at;

	if (!pick_run(r, &w, &at))
		return false;
	if (rng_chance(r, 20)) { /* across whatever is there */
		at.nr = 1 + rng_below(r, 200);
		if (at.start + at.nr > segment_first(SEG_ARENA) + me.cfg.arena_pages ||
		    !range_may_go(at.start, at.nr))
			return false;
	}
	SYS(munmap(page_address(at.start), (size_t)at.nr * PAGE));
	record_free(at.start, at.nr);
	told(at.start, at.nr, "%s", "");
	return true;
}

/* --- mremap --- */

/*
 * Whether mapped pages form one mapping depends on their history.  A growth in place tells: EFAULT when there are more
 * than one, ENOMEM when there is no room; one that succeeds is taken back.  (Moving several at once, which newer
 * kernels do, may stop in the middle, as it does before a mapping that a userfaultfd watches.)
 */
static bool is_one_mapping(uint32_t start, uint32_t nr)
{
	char *address = page_address(start);
	size_t len = (size_t)nr * PAGE;

	if (nr == 1)
		return true;
	if (mremap(address, len, len + PAGE, 0) != MAP_FAILED)
		SYS(munmap(address + len, PAGE));
	else if (errno == EFAULT)
		return false;
	return true;
}

static void move(uint32_t from, uint32_t nr, uint32_t to, int flags)
{
	char *dst = page_address(to);
	size_t len = (size_t)nr * PAGE;
	void *got;

	if (!is_one_mapping(from, nr)) {
		move(from, nr / 2, to, flags);
		move(from + nr / 2, nr - nr / 2, to + nr / 2, flags);
		return;
	}
	got = mremap(page_address(from), len, len, MREMAP_MAYMOVE | MREMAP_FIXED | flags, dst);
	if (got != dst)
		fail("mremap of %u pages from %p to %p flags %d gives %p: %m", nr,
		     (void *)page_address(from), (void *)dst, flags, got);
}

static void record_move(uint32_t from, uint32_t nr, uint32_t to, bool stays)
{
	for (uint32_t i = 0; i < nr; i++) {
		struct page p = *page_get(from + i);

		page_set(to + i, p);
		p.flags &= AREA_FLAGS;
		p.body = p.stamp = p.tail = 0;
		page_set(from + i, stays ? p : (struct page){ 0 });
	}
}

static bool overlap(struct run a, struct run b)
{
	return a.start < b.start + b.nr && b.start < a.start + a.nr;
}

static bool remap_move(struct rng *r)
{
	bool is_big = rng_chance(r, 30), stays = rng_chance(r, 20);
	struct want w = { .classes = C_ALL,
			  .max = is_big ? 4 * HUGE_PAGES : 1 + rng_below(r, 80),
			  .align = is_big ? HUGE_PAGES : 1,
			  .without = F_HUGE | (stays ? F_LOCKED : 0) };
	struct run from, to;

	if (!pick_run(r, &w, &from) || !pick_place(r, from.nr, w.align, &to) || overlap(from, to))
		return false;
	move(from.start, from.nr, to.start, stays ? MREMAP_DONTUNMAP : 0);
	record_move(from.start, from.nr, to.start, stays);
	told(to.start, from.nr, "from=%p%s", (void *)page_address(from.start),
	     stays ? " dontunmap" : "");
	return true;
}

static bool remap_shrink(struct rng *r)
{
	struct want w = { .classes = C_ALL, .max = 2 + rng_below(r, 60), .without = F_HUGE };
	struct run at;
	uint32_t keep;
	char *address;

	if (!pick_run(r, &w, &at) || at.nr < 2)
		return false;
	keep = 1 + rng_below(r, at.nr - 1);
	address = page_address(at.start);
	if (mremap(address, (size_t)at.nr * PAGE, (size_t)keep * PAGE, 0) != address) {
		if (errno != EFAULT)
			fail("mremap from %u to %u pages: %m", at.nr, keep);
		SYS(munmap(address + (size_t)keep * PAGE, (size_t)(at.nr - keep) * PAGE));
	}
	record_free(at.start + keep, at.nr - keep);
	told(at.start, at.nr, "keep=%u", keep);
	return true;
}

/* The last page of a run is the end of a mapping when nothing is behind it. */
static uint32_t room_behind(uint32_t last, uint32_t wanted)
{
	uint32_t end = segment_first(SEG_ARENA) + me.cfg.arena_pages, nr = 0;
	const struct page *p = page_get(last);

	if (page_has_object(p) && wanted > me.board->objects[page_object(p)].max - p->opage - 1)
		wanted = me.board->objects[page_object(p)].max - p->opage - 1;
	while (nr < wanted && last + 1 + nr < end && page_get(last + 1 + nr)->what == WHAT_FREE)
		nr++;
	return nr;
}

static void grow_in_place(uint32_t last, uint32_t more)
{
	char *address = page_address(last);
	struct page p = *page_get(last);

	if (mremap(address, PAGE, (size_t)(1 + more) * PAGE, 0) != address)
		fail("mremap of the page at %p to %u pages: %m", (void *)address, 1 + more);
	p.flags &= AREA_FLAGS;
	p.body = p.stamp = p.tail = 0;
	p.opage += page_has_object(&p);
	record_new(last + 1, more, p);
}

/* Not the locked ones: growth would populate a private mapping of an object. */
static bool remap_grow(struct rng *r)
{
	struct want w = { .classes = C_ALL, .max = 4 * HUGE_PAGES, .without = F_HUGE | F_LOCKED };
	uint32_t more = pick_length(r), last;
	struct run at, to;

	if (is_full() || !pick_run(r, &w, &at))
		return false;
	last = at.start + at.nr - 1;
	if (rng_chance(r, 40)) { /* to where there is room */
		if (!pick_hole(r, 1 + more, 1, &to))
			return false;
		move(last, 1, to.start, 0);
		record_move(last, 1, to.start, false);
		last = to.start;
	}
	more = room_behind(last, more);
	if (more)
		grow_in_place(last, more);
	told(last, 1 + more, "more=%u", more);
	return true;
}

/* An old size of 0 maps the same pages a second time. */
static bool remap_twice(struct rng *r)
{
	struct want w = { .classes = C_SHARED, .max = 1 + rng_below(r, 60), .without = F_LOCKED };
	struct run at, to;

	if (is_full() || !pick_run(r, &w, &at) || !pick_hole(r, at.nr, 1, &to))
		return false;
	if (mremap(page_address(at.start), 0, (size_t)at.nr * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   page_address(to.start)) != page_address(to.start))
		fail("mremap of size 0: %m");
	for (uint32_t i = 0; i < at.nr; i++)
		page_set(to.start + i, *page_get(at.start + i));
	told(to.start, at.nr, "from=%p", (void *)page_address(at.start));
	return true;
}

/* --- mprotect --- */

static bool protect(struct rng *r)
{
	struct want w = {
		.classes = C_ALL, .segments = 1 << SEG_BRK, .max = pick_length(r), .without = F_HUGE
	};
	uint8_t prot = pick_prot(r);
	struct run at;

	if (rng_chance(r, 50)) /* rather what was taken away comes back */
		prot = RW;
	if (!pick_run(r, &w, &at))
		return false;
	SYS(mprotect(page_address(at.start), (size_t)at.nr * PAGE, prot));
	for (uint32_t i = at.start; i < at.start + at.nr; i++) {
		struct page p = *page_get(i);

		p.prot = prot;
		page_set(i, p);
	}
	told(at.start, at.nr, "prot=%d", prot);
	return true;
}

/* --- brk, and areas that grow downwards --- */

static uint32_t brk_pages(void)
{
	return (uint32_t)(((uint64_t)SYS(sbrk(0)) - me.brk_base) / PAGE);
}

static bool move_brk(struct rng *r)
{
	uint32_t is = brk_pages(), now = rng_below(r, BRK_NR), first = segment_first(SEG_BRK);

	if (rng_chance(r, 70) && is > 0)
		now = is + rng_below(r, 40) - rng_below(r, is < 20 ? is : 20);
	if (now > BRK_NR)
		now = BRK_NR;
	SYS(brk((void *)(me.brk_base + (uint64_t)now * PAGE)));
	if (now > is)
		record_new(first + is, now - is, (struct page){ .what = WHAT_ANON, .prot = RW });
	else
		record_free(first + now, is - now);
	told(first + (is < now ? is : now), is < now ? now - is : is - now, "pages=%u", now);
	return true;
}

static bool grow_down(struct rng *r)
{
	uint32_t first = segment_first(SEG_GROW), top = first + GROW_NR, low = top, more;

	while (low > first && page_get(low - 1)->what != WHAT_FREE)
		low--;
	more = 1 + rng_below(r, 24);
	if (low == top) {
		map_anon_at(top - 4, 4, RW, F_GROWS, MAP_GROWSDOWN);
		told(top - 4, 4, "new");
	} else if (low - first > more && rng_chance(r, 97)) {
		uint64_t tag = new_tag();

		page_fill(page_address(low - more), tag);
		record_new(low - more, more,
			   (struct page){ .what = WHAT_ANON, .prot = RW, .flags = F_GROWS });
		content_replace(low - more, tag);
		told(low - more, more, "more=%u", more);
	} else {
		SYS(munmap(page_address(low), (size_t)(top - low) * PAGE));
		record_free(low, top - low);
		told(low, top - low, "gone");
	}
	return true;
}

/* --- */

/* What is there at the beginning: some large areas, so that much memory stays as it was for long. */
void map_start(struct rng *r)
{
	for (int i = 0; i < START_AREAS; i++) {
		uint32_t nr = HUGE_PAGES * (1 + rng_below(r, 3));
		struct run at;

		if (is_full() || !pick_hole(r, nr, HUGE_PAGES, &at))
			continue;
		map_anon_at(at.start, nr, RW, 0, 0);
		if (rng_chance(r, 30))
			SYS(madvise(page_address(at.start), (size_t)nr * PAGE, MADV_HUGEPAGE));
	}
	map_wide(r);
	grow_down(r);
	move_brk(r);
}

const struct action map_actions[] = {
	{ "map-anon", 12, map_anon },	  { "map-object", 10, map_object },
	{ "map-huge", 2, map_huge },	  { "unmap-huge", 2, unmap_huge },
	{ "map-wide", 2, map_wide },	  { "unmap", 10, unmap },
	{ "remap-move", 12, remap_move }, { "remap-shrink", 4, remap_shrink },
	{ "remap-grow", 6, remap_grow },  { "remap-twice", 3, remap_twice },
	{ "protect", 14, protect },	  { "brk", 4, move_brk },
	{ "grow-down", 4, grow_down },	  { NULL, 0, NULL },
};
