/* SPDX-License-Identifier: GPL-2.0-only */
/* madvise and mlock: what drops pages, what may drop them, and what only changes how they are kept. */
#include "torture.h"

#include <errno.h>
#include <sys/mman.h>

#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { RW = PROT_READ | PROT_WRITE, ALL_SEGMENTS = 1 << SEG_WIDE | 1 << SEG_BRK | 1 << SEG_GROW };

static void advise(struct run at, int advice)
{
	char *address = page_address(at.start);

	if (madvise(address, (size_t)at.nr * PAGE, advice) < 0)
		fail("madvise of %u pages at %p advice %d: %m", at.nr, (void *)address, advice);
	told(at.start, at.nr, "advice=%d", advice);
}

/* Advice that the kernel may not know or may decline; no byte depends on it. */
static void advise_softly(struct run at, int advice)
{
	madvise(page_address(at.start), (size_t)at.nr * PAGE, advice);
	told(at.start, at.nr, "advice=%d", advice);
}

static void pages_flag(struct run at, uint32_t set, uint32_t clear)
{
	for (uint32_t i = at.start; i < at.start + at.nr; i++) {
		struct page p = *page_get(i);

		p.flags = (p.flags | set) & ~clear;
		page_set(i, p);
	}
}

static void page_dropped(uint32_t index)
{
	struct page p = *page_get(index);

	p.flags &= AREA_FLAGS;
	p.body = p.stamp = p.tail = 0;
	page_set(index, p);
}

/* Anonymous pages become zero, copies of an object's page become that page again, shared ones stay. */
static bool dontneed(struct rng *r)
{
	struct want w = { .classes = rng_chance(r, 80) ? C_ANON | C_PRIVATE : C_ALL,
			  .segments = ALL_SEGMENTS,
			  .max = pick_length(r),
			  .without = F_HUGE | F_LOCKED };
	struct run at;

	if (!pick_run(r, &w, &at))
		return false;
	advise(at, MADV_DONTNEED);
	for (uint32_t i = at.start; i < at.start + at.nr; i++)
		if (!page_is_shared(page_get(i)))
			page_dropped(i);
	/* A read maps the zero page, or the object's: that is no data either. */
	if (rng_chance(r, 50))
		check_range(at.start, at.nr < 16 ? at.nr : 16);
	return true;
}

static bool lazy_free(struct rng *r)
{
	struct want w = { .classes = C_ANON,
			  .segments = ALL_SEGMENTS,
			  .max = 1 + rng_below(r, 60),
			  .without = F_HUGE | F_LOCKED };
	struct run at;

	if (!pick_run(r, &w, &at))
		return false;
	advise(at, MADV_FREE);
	for (uint32_t i = at.start; i < at.start + at.nr; i++) {
		struct page p = *page_get(i);

		if (p.body || p.stamp)
			p.flags |= F_FREED;
		page_set(i, p);
	}
	return true;
}

static bool wipe_on_fork(struct rng *r)
{
	bool wipe = rng_chance(r, 60);
	struct want w = { .classes = C_ANON, .max = 1 + rng_below(r, 60), .without = F_HUGE };
	struct run at;

	if (!pick_run(r, &w, &at))
		return false;
	advise(at, wipe ? MADV_WIPEONFORK : MADV_KEEPONFORK);
	pages_flag(at, wipe ? F_WIPE : 0, wipe ? 0 : F_WIPE);
	return true;
}

static bool dont_fork(struct rng *r)
{
	bool keep = rng_chance(r, 50);
	struct want w = { .classes = C_ALL, .max = 1 + rng_below(r, 60), .without = F_HUGE };
	struct run at;

	if (!pick_run(r, &w, &at))
		return false;
	advise(at, keep ? MADV_DONTFORK : MADV_DOFORK);
	pages_flag(at, keep ? F_DONTFORK : 0, keep ? 0 : F_DONTFORK);
	return true;
}

static bool huge_page(struct rng *r)
{
	struct want w = { .classes = C_ANON,
			  .max = HUGE_PAGES * (1 + rng_below(r, 3)),
			  .align = rng_chance(r, 70) ? HUGE_PAGES : 1,
			  .without = F_HUGE };
	struct run at;

	if (!pick_run(r, &w, &at))
		return false;
	advise(at, rng_chance(r, 75) ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return true;
}

static bool collapse(struct rng *r)
{
	struct want w = {
		.classes = C_ALL, .max = 2 * HUGE_PAGES, .align = HUGE_PAGES, .without = F_HUGE
	};
	struct run at;

	if (!pick_run(r, &w, &at))
		return false;
	advise_softly(at, MADV_COLLAPSE);
	return true;
}

static bool page_out(struct rng *r)
{
	struct want w = { .classes = C_ALL,
			  .segments = ALL_SEGMENTS,
			  .max = pick_length(r),
			  .without = F_HUGE | F_LOCKED };
	struct run at;

	if (!pick_run(r, &w, &at))
		return false;
	advise_softly(at, rng_chance(r, 70) ? MADV_PAGEOUT : MADV_COLD);
	return true;
}

/* Private mappings of objects are populated for writing in share.c. */
static bool populate(struct rng *r)
{
	bool writes = rng_chance(r, 50);
	struct want w = { .classes = writes ? C_ANON | C_SHARED : C_ALL,
			  .segments = ALL_SEGMENTS,
			  .prot = writes ? RW : PROT_READ,
			  .max = 1 + rng_below(r, 100),
			  .without = F_HUGE };
	struct run at;

	if (!pick_run(r, &w, &at))
		return false;
	advise_softly(at, writes ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
	return true;
}

static bool lock(struct rng *r)
{
	bool locks = rng_chance(r, 50);
	struct want w = { .classes = C_ANON | C_SHARED,
			  .max = 1 + rng_below(r, 30),
			  .without = F_HUGE };
	struct run at;
	char *address;
	int got;

	if (!pick_run(r, &w, &at))
		return false;
	address = page_address(at.start);
	/* What cannot be read cannot be populated: the pages are locked all the same. */
	got = locks ? mlock(address, (size_t)at.nr * PAGE) : munlock(address, (size_t)at.nr * PAGE);
	if (got < 0 && errno != ENOMEM && errno != EAGAIN)
		fail("mlock of %u pages at %p: %m", at.nr, (void *)address);
	pages_flag(at, locks ? F_LOCKED : 0, locks ? 0 : F_LOCKED);
	told(at.start, at.nr, "lock=%d", locks);
	return true;
}

/* Pages that nobody wrote are read, and what is there is compared. */
static bool look_at(struct rng *r)
{
	struct want w = {
		.classes = C_ALL, .segments = ALL_SEGMENTS, .prot = PROT_READ, .max = pick_length(r)
	};
	struct run at;

	if (!pick_run(r, &w, &at))
		return false;
	check_range(at.start, at.nr);
	told(at.start, at.nr, "%s", "");
	return true;
}

const struct action advise_actions[] = {
	{ "dontneed", 14, dontneed },
	{ "free", 8, lazy_free },
	{ "wipe-on-fork", 3, wipe_on_fork },
	{ "dont-fork", 3, dont_fork },
	{ "hugepage", 5, huge_page },
	{ "collapse", 4, collapse },
	{ "pageout", 6, page_out },
	{ "populate", 4, populate },
	{ "lock", 3, lock },
	{ "look", 12, look_at },
	{ NULL, 0, NULL },
};
