/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes, in all the ways memory can be written: by stores, and by the kernel on behalf of a call. */
#include "torture.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	PIPE_PAGES = 16,
	DIRECT_SERIAL = 199,
	ALL_SEGMENTS = 1 << SEG_WIDE | 1 << SEG_BRK | 1 << SEG_GROW,
	STAMPS_MAX = 12,
};

uint64_t new_tag(void)
{
	return tag_make(me.serial, me.step, me.number++);
}

/* A process that is stopped in a call may get less than it asked for. */
static void read_all(int fd, char *to, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t got = read(fd, to + done, len - done);

		if (got <= 0)
			fail("read from descriptor %d gives %zd after %zu bytes of %zu: %m", fd,
			     got, done, len);
		done += (size_t)got;
	}
}

static void write_all(int fd, const char *from, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t got = write(fd, from + done, len - done);

		if (got <= 0)
			fail("write to descriptor %d gives %zd after %zu bytes of %zu: %m", fd, got,
			     done, len);
		done += (size_t)got;
	}
}

static void pread_all(int fd, char *to, size_t len, off_t offset)
{
	for (size_t done = 0; done < len;) {
		ssize_t got = pread(fd, to + done, len - done, offset + (off_t)done);

		if (got <= 0)
			fail("pread from descriptor %d gives %zd after %zu bytes of %zu: %m", fd,
			     got, done, len);
		done += (size_t)got;
	}
}

static void pwrite_all(int fd, const char *from, size_t len, off_t offset)
{
	for (size_t done = 0; done < len;) {
		ssize_t got = pwrite(fd, from + done, len - done, offset + (off_t)done);

		if (got <= 0)
			fail("pwrite to descriptor %d gives %zd after %zu bytes of %zu: %m", fd,
			     got, done, len);
		done += (size_t)got;
	}
}

/* --- whole pages --- */

static void stage(uint32_t nr, uint64_t tag)
{
	for (uint32_t i = 0; i < nr; i++)
		page_fill(me.staging + (size_t)i * PAGE, tag + i);
}

static void record_pages(struct run at, uint64_t tag)
{
	for (uint32_t i = 0; i < at.nr; i++)
		content_replace(at.start + i, tag ? tag + i : 0);
}

static void put_store(char *address, uint32_t nr, uint64_t tag)
{
	for (uint32_t i = 0; i < nr; i++)
		page_fill(address + (size_t)i * PAGE, tag + i);
}

static void put_pipe(char *address, uint32_t nr, uint64_t tag)
{
	stage(nr, tag);
	for (uint32_t done = 0; done < nr; done += PIPE_PAGES) {
		uint32_t n = nr - done < PIPE_PAGES ? nr - done : PIPE_PAGES;
		size_t from = (size_t)done * PAGE, len = (size_t)n * PAGE;

		write_all(me.pipe[1], me.staging + from, len);
		read_all(me.pipe[0], address + from, len);
	}
}

static void put_call(pid_t pid, char *address, size_t len)
{
	struct iovec from = { me.staging, len }, to = { address, len };

	if (process_vm_writev(pid, &from, 1, &to, 1, 0) != (ssize_t)len)
		fail("process_vm_writev of %zu bytes to %p: %m", len, (void *)address);
}

/* The kernel has one tag for each page of that file. */
static uint64_t put_direct(char *address, uint32_t nr, struct rng *r)
{
	uint32_t from = rng_below(r, DIRECT_PAGES - nr + 1);

	pread_all(me.direct_fd, address, (size_t)nr * PAGE, (off_t)from * PAGE);
	return tag_make(DIRECT_SERIAL, 0, from);
}

static void put_zeros(char *address, uint32_t nr, struct rng *r)
{
	size_t len = (size_t)nr * PAGE;

	if (rng_chance(r, 60))
		memset(address, 0, len);
	else
		read_all(me.zero_fd, address, len);
}

static const struct want writable = {
	.classes = C_ALL,
	.segments = ALL_SEGMENTS,
	.prot = PROT_READ | PROT_WRITE,
	.may_write = true,
	.max = 1,
};

static bool pick_writable(struct rng *r, uint32_t max, struct run *at)
{
	struct want w = writable;

	w.max = max;
	return pick_run(r, &w, at);
}

static uint64_t tags_for(uint32_t nr)
{
	uint64_t tag = new_tag();

	me.number += nr;
	return tag;
}

static uint32_t few(struct rng *r)
{
	uint32_t nr = pick_length(r);

	return nr > STAGING_PAGES ? STAGING_PAGES : nr;
}

static bool store(struct rng *r)
{
	struct run at;
	uint64_t tag;

	if (!pick_writable(r, few(r), &at))
		return false;
	tag = tags_for(at.nr);
	put_store(page_address(at.start), at.nr, tag);
	record_pages(at, tag);
	told(at.start, at.nr, "%s", "");
	return true;
}

static bool read_pipe(struct rng *r)
{
	struct run at;
	uint64_t tag;

	if (!pick_writable(r, 1 + rng_below(r, 40), &at))
		return false;
	tag = tags_for(at.nr);
	put_pipe(page_address(at.start), at.nr, tag);
	record_pages(at, tag);
	told(at.start, at.nr, "%s", "");
	return true;
}

static bool write_self(struct rng *r)
{
	struct run at;
	uint64_t tag;

	if (!pick_writable(r, 1 + rng_below(r, 40), &at))
		return false;
	tag = tags_for(at.nr);
	stage(at.nr, tag);
	put_call(getpid(), page_address(at.start), (size_t)at.nr * PAGE);
	record_pages(at, tag);
	told(at.start, at.nr, "%s", "");
	return true;
}

static bool read_direct(struct rng *r)
{
	struct run at;

	if (!(me.can & CAN_DIRECT) || !pick_writable(r, 1 + rng_below(r, 64), &at))
		return false;
	record_pages(at, put_direct(page_address(at.start), at.nr, r));
	told(at.start, at.nr, "%s", "");
	return true;
}

static bool write_zeros(struct rng *r)
{
	struct run at;

	if (!pick_writable(r, 1 + rng_below(r, 60), &at))
		return false;
	put_zeros(page_address(at.start), at.nr, r);
	record_pages(at, 0);
	told(at.start, at.nr, "%s", "");
	return true;
}

/* --- one word --- */

static void put_stamp(char *address, uint64_t value, struct rng *r)
{
	memcpy(me.staging, &value, sizeof(value));
	switch (rng_below(r, 6)) {
	case 0:
		write_all(me.pipe[1], me.staging, sizeof(value));
		read_all(me.pipe[0], address, sizeof(value));
		break;
	case 1:
		put_call(getpid(), address, sizeof(value));
		break;
	case 2: /* byte by byte */
		for (size_t i = 0; i < sizeof(value); i++)
			__atomic_store_n(address + i, me.staging[i], __ATOMIC_RELAXED);
		break;
	default:
		memcpy(address, &value, sizeof(value));
	}
}

static bool stamp(struct rng *r)
{
	uint32_t nr = 1 + rng_below(r, STAMPS_MAX), done = 0;
	struct want w = writable;
	struct run at;

	w.is_known = true;
	for (uint32_t i = 0; i < nr && pick_run(r, &w, &at); i++, done++) {
		uint64_t tag = new_tag();
		struct content c;

		content_of(at.start, &c);
		put_stamp(page_address(at.start) + stamp_word(c.body) * 8, stamp_value(tag), r);
		content_stamp(at.start, tag);
		if (done)
			action_log();
		told(at.start, 1, "number=%u", done);
	}
	return done;
}

/* --- objects, through their descriptors --- */

/* A run of this process' pages of an object it can write to. */
static bool pick_pages(struct rng *r, uint32_t max, uint32_t *object, struct run *out)
{
	uint32_t o = rng_below(r, NR_OBJECTS), from;
	struct object *chosen = &me.board->objects[o];

	if (me.fds[o] < 0 || !chosen->size)
		return false;
	from = rng_below(r, chosen->size);
	for (out->start = from; out->start < chosen->size; out->start++)
		if (board_owns(o, out->start))
			break;
	out->nr = 0;
	while (out->nr < max && out->start + out->nr < chosen->size &&
	       board_owns(o, out->start + out->nr))
		out->nr++;
	*object = o;
	return out->nr;
}

static bool write_object(struct rng *r)
{
	uint32_t object, max = 1 + rng_below(r, 64);
	struct run at;
	uint64_t tag;

	if (!pick_pages(r, max, &object, &at))
		return false;
	tag = tags_for(at.nr);
	stage(at.nr, tag);
	pwrite_all(me.fds[object], me.staging, (size_t)at.nr * PAGE, (off_t)at.start * PAGE);
	for (uint32_t i = 0; i < at.nr; i++)
		opage_set(object, at.start + i, (struct opage){ .body = tag + i });
	told_object(object, at.start, "pages=%u", at.nr);
	return true;
}

static bool stamp_object(struct rng *r)
{
	uint32_t object;
	struct opage page;
	struct run at;
	uint64_t value;

	if (!pick_pages(r, 1, &object, &at))
		return false;
	page = me.board->objects[object].pages[at.start];
	page.stamp = new_tag();
	value = stamp_value(page.stamp);
	pwrite_all(me.fds[object], (char *)&value, sizeof(value),
		   (off_t)at.start * PAGE + stamp_word(page.body) * 8);
	opage_set(object, at.start, page);
	told_object(object, at.start, "%s", "");
	return true;
}

/* Reads of an object go the other way, into memory. */
static bool read_object(struct rng *r)
{
	uint32_t object, max = 1 + rng_below(r, 32);
	struct run from, at;

	if (!pick_pages(r, max, &object, &from) || !pick_writable(r, from.nr, &at))
		return false;
	for (uint32_t i = 0; i < at.nr; i++) {
		struct opage *p = &me.board->objects[object].pages[from.start + i];

		if (p->stamp || p->tail) /* its bytes have no name of their own */
			return false;
	}
	if (page_has_object(page_get(at.start)))
		return false;
	pread_all(me.fds[object], page_address(at.start), (size_t)at.nr * PAGE,
		  (off_t)from.start * PAGE);
	for (uint32_t i = 0; i < at.nr; i++)
		content_replace(at.start + i, me.board->objects[object].pages[from.start + i].body);
	told(at.start, at.nr, "object=%u opage=%u", object, from.start);
	return true;
}

/* --- at the beginning, and for share.c --- */

bool write_some(struct rng *r, uint32_t max, uint32_t classes)
{
	struct want w = writable;
	struct run at;
	uint64_t tag;

	w.max = max;
	w.classes = classes;
	if (!pick_run(r, &w, &at))
		return false;
	tag = tags_for(at.nr);
	put_store(page_address(at.start), at.nr, tag);
	record_pages(at, tag);
	told(at.start, at.nr, "%s", "");
	return true;
}

void write_start(struct rng *r)
{
	for (int i = 0; i < 200 && me.nr_touched < me.cfg.touched_max / 2; i++)
		write_some(r, 2 * HUGE_PAGES, C_ALL);
}

const struct action write_actions[] = {
	{ "store", 22, store },
	{ "read-pipe", 6, read_pipe },
	{ "write-self", 6, write_self },
	{ "read-direct", 6, read_direct },
	{ "zeros", 7, write_zeros },
	{ "stamp", 24, stamp },
	{ "write-object", 8, write_object },
	{ "stamp-object", 6, stamp_object },
	{ "read-object", 5, read_object },
	{ NULL, 0, NULL },
};
