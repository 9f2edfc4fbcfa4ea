/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Actions of a process' turn, while nobody else does anything: making objects, cutting them, punching holes, writing to
 * pages that belong to others in the rounds, and writing into other processes.
 */
#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { RW = PROT_READ | PROT_WRITE, FD_FIRST = 40, MAKE_TRIES = 8 };

static struct object *object_at(uint32_t o)
{
	return &me.board->objects[o];
}

/* --- making and leaving --- */

static bool is_unused(uint32_t o)
{
	for (int i = 0; i < NR_SLOTS; i++)
		if (me.board->slots[i].refs[o] || me.board->slots[i].fds[o] >= 0)
			return false;
	return true;
}

static void fd_set_known(uint32_t o, int fd)
{
	me.fds[o] = fd;
	me.board->slots[me.slot].fds[o] = fd;
}

/* At a number that says which object it is. */
static void fd_place(uint32_t o, int fd)
{
	int place = FD_FIRST + (int)o;

	if (fd != place) {
		SYS(dup2(fd, place));
		close(fd);
	}
	fd_set_known(o, place);
}

static int file_make(uint32_t o, uint32_t kind)
{
	char name[NAME_LEN];
	int fd;

	if (kind == OBJECT_MEMFD) {
		snprintf(name, sizeof(name), "torture%u.%u", o, object_at(o)->generation);
		return SYS(memfd_create(name, 0));
	}
	snprintf(name, sizeof(name), "%s/object%u.%u", me.cfg.disk, o, object_at(o)->generation);
	fd = SYS(open(name, O_RDWR | O_CREAT | O_TRUNC, 0600));
	if (kind == OBJECT_GHOST)
		SYS(unlink(name));
	return fd;
}

/* Shared anonymous memory has no descriptor: who is forked later shares it. */
static bool make_anon(struct rng *r, uint32_t o)
{
	uint32_t nr = 1 + rng_below(r, OBJECT_PAGES);
	struct run at;

	if (!pick_hole(r, nr, 1, &at))
		return false;
	if (mmap(page_address(at.start), (size_t)nr * PAGE, RW,
		 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		fail("cannot map %u shared pages: %m", nr);
	object_at(o)->max = nr;
	object_resize(o, nr);
	for (uint32_t i = 0; i < nr; i++)
		page_set(at.start + i,
			 (struct page){ .what = what_shared(o), .prot = RW, .opage = i });
	told(at.start, nr, "object=%u anonymous", o);
	return true;
}

static bool make_file(struct rng *r, uint32_t o, uint32_t kind)
{
	uint32_t max = kind == OBJECT_GHOST ? GHOST_PAGES : OBJECT_PAGES;
	uint32_t size = rng_below(r, max + 1);

	fd_place(o, file_make(o, kind));
	SYS(ftruncate(me.fds[o], (off_t)size * PAGE));
	object_at(o)->max = max;
	object_resize(o, size);
	told_object(o, 0, "kind=%u size=%u", kind, size);
	return true;
}

static bool make_object(struct rng *r)
{
	uint32_t o = rng_below(r, NR_OBJECTS), kind = OBJECT_ANON + rng_below(r, 4);

	if (object_at(o)->kind && !is_unused(o))
		return false;
	object_resize(o, 0);
	object_at(o)->generation++;
	object_at(o)->kind = kind;
	return kind == OBJECT_ANON ? make_anon(r, o) : make_file(r, o, kind);
}

static bool drop_object(struct rng *r)
{
	uint32_t o = rng_below(r, NR_OBJECTS), first = segment_first(SEG_ARENA);
	bool all = rng_chance(r, 60);

	if (!me.board->slots[me.slot].refs[o] && me.fds[o] < 0)
		return false;
	for (uint32_t i = first; all && i < first + me.cfg.arena_pages; i++) {
		const struct page *p = page_get(i);

		if (p->what != what_private(o) && p->what != what_shared(o))
			continue;
		SYS(munmap(page_address(i), PAGE));
		page_clear(i);
	}
	if (me.fds[o] >= 0)
		close(me.fds[o]);
	fd_set_known(o, -1);
	told(0, 0, "object=%u%s", o, all ? " and its mappings" : "");
	return true;
}

/* A descriptor of an object that a process has, opened anew: another open file of the same memory. */
static bool adopt_object(struct rng *r)
{
	uint32_t o = rng_below(r, NR_OBJECTS), s = rng_below(r, NR_SLOTS);
	struct slot *slot = &me.board->slots[s];
	char path[64];
	int fd;

	if (slot->state != SLOT_ALIVE || slot->fds[o] < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", slot->pid, slot->fds[o]);
	fd = SYS(open(path, O_RDWR));
	fd_place(o, fd);
	told_object(o, 0, "from process %u", slot->serial);
	return true;
}

/* --- cutting --- */

static bool pick_open(struct rng *r, uint32_t *out)
{
	*out = rng_below(r, NR_OBJECTS);
	return me.fds[*out] >= 0;
}

static bool truncate_object(struct rng *r)
{
	uint32_t o, size;

	if (!pick_open(r, &o))
		return false;
	size = rng_below(r, object_at(o)->max + 1);
	SYS(ftruncate(me.fds[o], (off_t)size * PAGE));
	object_resize(o, size);
	board_cut(o, size);
	told_object(o, size ? size - 1 : 0, "size=%u", size);
	return true;
}

/* Cut in the middle of a page and grown again: zeros from there on. */
static bool cut_tail(struct rng *r)
{
	uint32_t o, size, tail = 8 * (1 + rng_below(r, PAGE_WORDS - 1));
	struct opage p;

	if (!pick_open(r, &o) || !object_at(o)->size)
		return false;
	size = 1 + rng_below(r, object_at(o)->size);
	SYS(ftruncate(me.fds[o], (off_t)(size - 1) * PAGE + tail));
	SYS(ftruncate(me.fds[o], (off_t)size * PAGE));
	object_resize(o, size);
	board_cut(o, size);
	p = object_at(o)->pages[size - 1];
	if (p.stamp && stamp_word(p.body) * 8 >= tail)
		p.stamp = 0;
	if (!p.tail || tail < p.tail)
		p.tail = tail;
	if (!p.body)
		p.tail = 0;
	opage_set(o, size - 1, p);
	told_object(o, size - 1, "size=%u tail=%u", size, tail);
	return true;
}

static void pages_zero(uint32_t o, uint32_t start, uint32_t nr)
{
	for (uint32_t i = start; i < start + nr && i < object_at(o)->size; i++)
		opage_set(o, i, (struct opage){ 0 });
}

static bool punch_hole(struct rng *r)
{
	uint32_t o, start, nr = 1 + rng_below(r, 40);

	if (!pick_open(r, &o) || !object_at(o)->size)
		return false;
	start = rng_below(r, object_at(o)->size);
	if (fallocate(me.fds[o], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start * PAGE,
		      (off_t)nr * PAGE) < 0)
		fail("cannot punch a hole into object %u: %m", o);
	pages_zero(o, start, nr);
	told_object(o, start, "pages=%u", nr);
	return true;
}

static bool remove_pages(struct rng *r)
{
	struct want w = {
		.classes = C_SHARED, .prot = RW, .max = 1 + rng_below(r, 40), .without = F_LOCKED
	};
	struct run at;
	uint32_t o;

	if (!pick_run(r, &w, &at))
		return false;
	o = page_object(page_get(at.start));
	SYS(madvise(page_address(at.start), (size_t)at.nr * PAGE, MADV_REMOVE));
	pages_zero(o, page_get(at.start)->opage, at.nr);
	told(at.start, at.nr, "object=%u", o);
	return true;
}

/* --- private mappings that copy the object's pages at once --- */

static bool map_populated(struct rng *r)
{
	uint32_t o, opage, nr = 1 + rng_below(r, 64);
	struct run at;

	if (!pick_open(r, &o))
		return false;
	opage = rng_below(r, object_at(o)->max);
	if (nr > object_at(o)->max - opage)
		nr = object_at(o)->max - opage;
	if (!pick_place(r, nr, 1, &at))
		return false;
	if (mmap(page_address(at.start), (size_t)nr * PAGE, RW,
		 MAP_PRIVATE | MAP_POPULATE | MAP_FIXED, me.fds[o],
		 (off_t)opage * PAGE) == MAP_FAILED)
		fail("cannot map %u pages of object %u: %m", nr, o);
	for (uint32_t i = 0; i < nr; i++) {
		struct page p = { .what = what_private(o), .prot = RW, .opage = opage + i };
		struct opage *from = &object_at(o)->pages[p.opage];

		if (p.opage < object_at(o)->size) {
			p.flags = F_OWN;
			p.body = from->body;
			p.stamp = from->stamp;
			p.tail = (uint16_t)from->tail;
		}
		page_set(at.start + i, p);
	}
	told(at.start, nr, "object=%u opage=%u", o, opage);
	return true;
}

/* Any page of any object, by a store through a mapping or by a write. */
static bool write_shared(struct rng *r)
{
	return write_some(r, 200, C_OBJECT);
}

/* --- into other processes --- */

/* At the end of its steps a process says where others may write. */
void offer_post(struct rng *r)
{
	struct offer *offer = &me.board->slots[me.slot].offer;
	struct want w = { .classes = C_ANON,
			  .prot = RW,
			  .max = 1 + rng_below(r, 8),
			  .segments = 1 << SEG_BRK | 1 << SEG_WIDE };
	struct run at;

	*offer = (struct offer){ 0 };
	if (!pick_run(r, &w, &at))
		return;
	*offer = (struct offer){ .address = (uint64_t)page_address(at.start),
				 .index = at.start,
				 .nr = at.nr };
}

/* Who made the offer notes what was written. */
void offer_take_back(void)
{
	struct offer *offer = &me.board->slots[me.slot].offer;

	for (uint32_t i = 0; offer->tag && i < offer->nr; i++)
		content_replace(offer->index + i, offer->tag + i);
	if (offer->tag)
		offer->nr = 0;
	offer->tag = 0;
}

static bool write_other(struct rng *r)
{
	uint32_t s = rng_below(r, NR_SLOTS);
	struct slot *slot = &me.board->slots[s];
	struct iovec from, to;

	if (s == me.slot || slot->state != SLOT_ALIVE || !slot->offer.nr || slot->offer.tag)
		return false;
	slot->offer.tag = new_tag();
	me.number += slot->offer.nr;
	for (uint32_t i = 0; i < slot->offer.nr; i++)
		page_fill(me.staging + (size_t)i * PAGE, slot->offer.tag + i);
	from = (struct iovec){ me.staging, (size_t)slot->offer.nr * PAGE };
	to = (struct iovec){ (void *)slot->offer.address, from.iov_len };
	if (process_vm_writev(slot->pid, &from, 1, &to, 1, 0) != (ssize_t)from.iov_len)
		fail("process_vm_writev to process %u: %m", slot->serial);
	told(0, 0, "process=%u address=%p pages=%u", slot->serial, to.iov_base, slot->offer.nr);
	me.target = (struct target){ slot->pid, slot->offer.address, -1, 0 };
	return true;
}

/* --- */

void share_start(struct rng *r)
{
	for (int i = 0; i < MAKE_TRIES; i++)
		make_object(r);
}

const struct action share_actions[] = {
	{ "make-object", 8, make_object },
	{ "drop-object", 3, drop_object },
	{ "adopt-object", 4, adopt_object },
	{ "truncate", 5, truncate_object },
	{ "cut-tail", 4, cut_tail },
	{ "punch-hole", 8, punch_hole },
	{ "remove", 8, remove_pages },
	{ "map-populated", 4, map_populated },
	{ "write-shared", 10, write_shared },
	{ "write-other", 16, write_other },
	{ NULL, 0, NULL },
};
