/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One record for each page where something can be mapped.  The records are private memory: a fork copies them with
 * what they are about.  Their sum is kept here and on the board, so a record of another time is noticed.
 */
#include "torture.h"

#include <string.h>

struct segment {
	uint32_t first;
	uint32_t nr;
	uint64_t address;
	uint64_t stride; /* pages from one to the next */
};

static struct segment segment_get(enum segment_id id)
{
	switch (id) {
	case SEG_WIDE:
		return (struct segment){ 0, WIDE_NR, WIDE_ADDR, WIDE_STRIDE };
	case SEG_BRK:
		return (struct segment){ WIDE_NR, BRK_NR, me.brk_base, 1 };
	case SEG_GROW:
		return (struct segment){ WIDE_NR + BRK_NR, GROW_NR, GROW_ADDR, 1 };
	default:
		return (struct segment){ WIDE_NR + BRK_NR + GROW_NR, me.cfg.arena_pages, ARENA_ADDR,
					 1 };
	}
}

uint32_t segment_first(enum segment_id id)
{
	return segment_get(id).first;
}

uint32_t segment_nr(enum segment_id id)
{
	return segment_get(id).nr;
}

enum segment_id segment_of(uint32_t index)
{
	for (int id = 0; id < SEG_ARENA; id++)
		if (index < segment_get(id).first + segment_get(id).nr)
			return id;
	return SEG_ARENA;
}

char *page_address(uint32_t index)
{
	struct segment s = segment_get(segment_of(index));

	return (char *)s.address + (index - s.first) * s.stride * PAGE;
}

int64_t page_index(uint64_t address)
{
	for (int id = 0; id < NR_SEGMENTS; id++) {
		struct segment s = segment_get(id);
		uint64_t page = (address - s.address) / PAGE;

		if (address >= s.address && page < s.nr * s.stride && page % s.stride == 0)
			return s.first + (int64_t)(page / s.stride);
	}
	return -1;
}

static uint32_t nr_records(void)
{
	return segment_first(SEG_ARENA) + me.cfg.arena_pages;
}

size_t model_bytes(void)
{
	return nr_records() * sizeof(struct page);
}

const struct page *page_get(uint32_t index)
{
	return &me.pages[index];
}

static bool is_free(const struct page *p)
{
	return p->what == WHAT_FREE;
}

/* A free page counts nothing, so that records that were never used need not be looked at. */
static uint64_t record_sum(uint32_t index, const struct page *p)
{
	uint64_t words[4];

	if (is_free(p))
		return 0;
	memcpy(words, p, sizeof(words));
	return mix64(mix64(words[0] + index) + mix64(words[1] ^ words[2] * 3) + words[3] * 5);
}

static void count(const struct page *p, int32_t by)
{
	if (is_free(p))
		return;
	me.nr_mapped += (uint32_t)by;
	if (p->body || p->stamp)
		me.nr_touched += (uint32_t)by;
	if (page_has_object(p))
		me.board->slots[me.slot].refs[page_object(p)] += (uint32_t)by;
}

void page_set(uint32_t index, struct page p)
{
	struct page *record = &me.pages[index];

	_Static_assert(sizeof(p) == 32, "record_sum() takes four words");
	me.sum ^= record_sum(index, record) ^ record_sum(index, &p);
	me.board->slots[me.slot].sum = me.sum;
	count(record, -1);
	count(&p, 1);
	*record = p;
}

void page_clear(uint32_t index)
{
	page_set(index, (struct page){ .what = WHAT_FREE });
}

void model_check(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < nr_records(); i++)
		sum ^= record_sum(i, &me.pages[i]);
	if (sum != me.sum)
		fail("the records' sum is %#lx, not %#lx: a page of records is of another time",
		     sum, me.sum);
	if (sum != me.board->slots[me.slot].sum)
		fail("the board says the records' sum is %#lx, not %#lx",
		     me.board->slots[me.slot].sum, sum);
}

/* --- what must be there --- */

static struct content object_content(const struct opage *o)
{
	return (struct content){ .body = o->body, .stamp = o->stamp, .tail = (uint32_t)o->tail };
}

enum known content_of(uint32_t index, struct content *out)
{
	const struct page *p = page_get(index);

	if (is_free(p))
		return KNOWN_ABSENT;
	if (!page_has_object(p) || p->flags & F_OWN) {
		*out = (struct content){
			.body = p->body,
			.stamp = p->stamp,
			.tail = p->tail,
			.may_be_zero = p->flags & F_FREED,
			.body_may_be_zero = p->flags & F_BASE,
		};
		return KNOWN_CONTENT;
	}
	if (!me.is_turn && !board_owns(page_object(p), p->opage))
		return KNOWN_NOT;
	if (p->opage >= me.board->objects[page_object(p)].size)
		return KNOWN_BEYOND;
	*out = object_content(&me.board->objects[page_object(p)].pages[p->opage]);
	return KNOWN_CONTENT;
}

void content_replace(uint32_t index, uint64_t body)
{
	struct page p = *page_get(index);

	if (page_is_shared(&p)) {
		opage_set(page_object(&p), p.opage, (struct opage){ .body = body });
		return;
	}
	p.body = body;
	p.stamp = 0;
	p.tail = 0;
	p.flags &= (uint32_t) ~(F_FREED | F_BASE);
	if (page_has_object(&p))
		p.flags |= F_OWN;
	page_set(index, p);
}

void content_stamp(uint32_t index, uint64_t stamp)
{
	struct page p = *page_get(index);
	struct content was;

	if (content_of(index, &was) != KNOWN_CONTENT)
		fail("page %u is to be stamped and is not known", index);
	if (page_is_shared(&p)) {
		opage_set(page_object(&p), p.opage,
			  (struct opage){ .body = was.body, .stamp = stamp, .tail = was.tail });
		return;
	}
	p.body = was.body;
	p.tail = (uint16_t)was.tail;
	p.stamp = stamp;
	if (p.flags & F_FREED)
		p.flags |= F_BASE;
	p.flags &= (uint32_t)~F_FREED;
	if (page_has_object(&p))
		p.flags |= F_OWN;
	page_set(index, p);
}
