// SPDX-License-Identifier: GPL-2.0-only
/*
 * A chain of sets and everything that reads one, compared with a plain replay of its page maps: what is where, what
 * must be refused, and that squash and dedup change no byte of what a restore would read.
 *
 *	u8 flags, u8 sets - 1, then for each set and object:
 *	u8 number of runs, and for each  u8 place, u8 pages - 1, u8 flags, u8 zeros
 *
 * CHAIN_RAW: the page maps are written by hand, so runs may be anything; else by the sinks of a dump.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/options.h"
#include "flow/commands.h"
#include "fuzz/lib/fuzz.h"
#include "image/census.h"
#include "image/dedup.h"
#include "image/pages.h"
#include "image/squash.h"
#include "image/wire.h"
#include "pagemap.pb-c.h"

enum { PAGE = IMAGE_PAGE_SIZE, SETS = 5, OBJECTS = 2, RUNS = 12, MAX_RUN = 16, PAGES = 320 };
enum {
	CHAIN_RAW = 1,	      /* page maps by hand */
	CHAIN_FOREIGN = 2,    /* sets without manifests */
	CHAIN_DAMAGE = 4,     /* one byte is changed at the end */
	CHAIN_DEDUP = 8,      /* before the squash */
	CHAIN_PRE_DUMPS = 16, /* the parents are no full dumps */
};

static const enum image_kind kinds[OBJECTS] = { IMAGE_PAGEMAP, IMAGE_PAGEMAP_SHMEM };

struct run {
	uint64_t first, nr; /* pages */
	uint32_t flags;
	bool is_zero;
};

/* The page map of an object in one set. */
struct map {
	struct run runs[RUNS];
	size_t nr;
	bool is_valid;
	uint64_t nr_present;
	uint64_t nr_in_file; /* pages of the pages file */
};

struct model {
	uint8_t flags;
	size_t nr;
	struct map maps[SETS][OBJECTS]; /* newest first */
};

/* Where a page's bytes are. */
struct place {
	bool is_there, has_bytes, is_zero;
	size_t set;
	uint64_t page; /* in its pages file */
};

/* --- the model --- */

static void judge(struct map *m)
{
	uint64_t end = 0;

	m->is_valid = true;
	for (size_t i = 0; i < m->nr; i++) {
		const struct run *r = &m->runs[i];
		bool is_present = r->flags & PAGE_PRESENT;

		if (r->first < end || !r->nr || !r->flags || r->flags > 7 ||
		    (is_present && r->flags & PAGE_IN_PARENT))
			m->is_valid = false;
		end = r->first + r->nr;
		m->nr_present += is_present ? r->nr : 0;
	}
	if (m->nr_present > m->nr_in_file)
		m->is_valid = false;
}

static uint32_t plain_flags(uint8_t byte)
{
	static const uint32_t all[] = { PAGE_PRESENT, PAGE_IN_PARENT, PAGE_PRESENT | PAGE_LAZY,
					PAGE_PRESENT };

	return all[byte % 4];
}

static void read_map(struct input *in, bool is_raw, struct map *m)
{
	uint64_t end = 0, present = 0;
	int extra;

	m->nr = (size_t)input_int(in, 1) % (RUNS + 1);
	for (size_t i = 0; i < m->nr; i++) {
		struct run *r = &m->runs[i];
		uint64_t place = input_int(in, 1), nr = input_int(in, 1);
		uint8_t flags = (uint8_t)input_int(in, 1);

		r->first = is_raw ? place : end + place % 8;
		r->nr = is_raw ? nr % (MAX_RUN + 1) : nr % MAX_RUN + 1;
		r->flags = is_raw ? flags % 9 : plain_flags(flags);
		r->is_zero = input_int(in, 1) & 1;
		end = r->first + r->nr;
		present += r->flags & PAGE_PRESENT ? r->nr : 0;
	}
	extra = is_raw ? (int)(input_int(in, 1) % 8) : 0;
	m->nr_in_file = extra == 7 && present ? present - 1 : present + (extra == 6);
	judge(m);
}

static void read_model(struct input in, struct model *m)
{
	m->flags = (uint8_t)input_int(&in, 1);
	/* Only a sink gives a manifest the sums of pages. */
	m->flags |= m->flags & CHAIN_RAW ? CHAIN_FOREIGN : 0;
	m->nr = (size_t)input_int(&in, 1) % SETS + 1;
	for (size_t i = 0; i < m->nr; i++)
		for (size_t k = 0; k < OBJECTS; k++)
			read_map(&in, m->flags & CHAIN_RAW, &m->maps[i][k]);
}

static const struct run *map_find(const struct map *m, uint64_t page, uint64_t *at_out)
{
	uint64_t at = 0;

	for (size_t i = 0; i < m->nr; i++) {
		const struct run *r = &m->runs[i];

		*at_out = at + page - r->first;
		if (page >= r->first && page < r->first + r->nr)
			return r;
		at += r->flags & PAGE_PRESENT ? r->nr : 0;
	}
	return NULL;
}

/* Follows a page from the newest set to the one that has it; false: the chain is broken there. */
static bool resolve(const struct model *m, size_t k, uint64_t page, bool opened[SETS],
		    struct place *out)
{
	*out = (struct place){ .is_there = false };
	for (size_t i = 0; i < m->nr; i++) {
		const struct run *r = map_find(&m->maps[i][k], page, &out->page);

		opened[i] = true;
		if (!r)
			return !i;
		if (!m->maps[i][k].is_valid)
			return false;
		if (r->flags & PAGE_IN_PARENT)
			continue;
		out->is_there = true;
		out->has_bytes = r->flags & PAGE_PRESENT;
		out->is_zero = r->is_zero;
		out->set = i;
		return true;
	}
	return false;
}

/* Can a restore read this object? */
static bool model_is_whole(const struct model *m, size_t k)
{
	bool opened[SETS] = { true };
	struct place place;
	bool ok = true;

	for (uint64_t page = 0; page < PAGES && m->maps[0][k].is_valid; page++)
		ok &= resolve(m, k, page, opened, &place);
	for (size_t i = 0; i < m->nr; i++)
		ok &= !opened[i] || m->maps[i][k].is_valid;
	return ok;
}

/* Are there pages that a page server has kept?  No file has them, so that a squash cannot be made. */
static bool model_lacks_bytes(const struct model *m)
{
	bool opened[SETS];
	struct place place;

	for (size_t k = 0; k < OBJECTS; k++)
		for (uint64_t page = 0; page < PAGES; page++)
			if (resolve(m, k, page, opened, &place) && place.is_there &&
			    !place.has_bytes)
				return true;
	return false;
}

static void page_fill(char *page, size_t set, size_t k, uint64_t at, bool is_zero)
{
	uint64_t word = (at + 1) * 0x9e3779b97f4a7c15 + set * OBJECTS + k + 1;

	memset(page, 0, PAGE);
	for (size_t i = 0; !is_zero && i < PAGE / sizeof(word); i += 64)
		memcpy(page + i * sizeof(word), &word, sizeof(word));
}

/* --- making the sets --- */

static void path_of(char path[64], size_t set)
{
	snprintf(path, 64, "%s/%zu", fuzz_dir(), set);
}

static uint64_t object_id(size_t k)
{
	return k ? 9 : 5;
}

static void put_run(struct page_sink *sink, const struct run *r, size_t set, size_t k,
		    uint64_t done)
{
	char page[PAGE];
	uint64_t at = 0;

	MUST_OK(page_sink_run(sink, r->first * PAGE, r->nr, r->flags, &at));
	if (!(r->flags & PAGE_PRESENT))
		return;
	if (r->is_zero && r->nr > 1) {
		MUST_OK(page_sink_zeros(sink, at, r->nr));
		return;
	}
	for (uint64_t i = 0; i < r->nr; i++) {
		page_fill(page, set, k, done + i, r->is_zero);
		MUST_OK(page_sink_data(sink, at + i * PAGE, 1, page));
	}
}

static void sink_map(struct image_dir *dir, const struct map *m, size_t set, size_t k)
{
	struct page_sink *sink = NULL;
	uint64_t done = 0;

	MUST_OK(page_sink_open(dir, kinds[k], object_id(k), &sink));
	for (size_t i = 0; i < m->nr; i++) {
		put_run(sink, &m->runs[i], set, k, done);
		done += m->runs[i].flags & PAGE_PRESENT ? m->runs[i].nr : 0;
	}
	MUST_OK(page_sink_finish(sink));
}

static void raw_pages(struct image_dir *dir, const struct map *m, size_t set, size_t k)
{
	static char pages[(RUNS * MAX_RUN + 1) * PAGE];
	uint64_t at = 0;

	for (size_t i = 0; i < m->nr; i++)
		for (uint64_t n = 0; m->runs[i].flags & PAGE_PRESENT && n < m->runs[i].nr; n++)
			page_fill(pages + PAGE * at, set, k, at, m->runs[i].is_zero), at++;
	MUST_OK(image_append(dir, IMAGE_PAGES, k + 1, pages, m->nr_in_file * PAGE));
}

static void raw_map(struct image_dir *dir, const struct map *m, size_t set, size_t k)
{
	PagemapHead head = PAGEMAP_HEAD__INIT;

	head.pages_id = (uint32_t)k + 1;
	MUST_OK(image_write(dir, kinds[k], object_id(k), &head.base));
	for (size_t i = 0; i < m->nr; i++) {
		const struct run *r = &m->runs[i];
		PagemapEntry e = PAGEMAP_ENTRY__INIT;

		e.vaddr = r->first * PAGE;
		e.compat_nr_pages = (uint32_t)r->nr;
		e.has_nr_pages = i & 1;
		e.nr_pages = r->nr;
		e.has_flags = true;
		e.flags = r->flags;
		MUST_OK(image_write(dir, kinds[k], object_id(k), &e.base));
	}
	raw_pages(dir, m, set, k);
}

/* Makes a set one without a manifest, as CRIU's are. */
static void make_foreign(const char *path)
{
	AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FREE char *text = NULL;
	uint32_t body;
	size_t len;

	MUST(fd >= 0 && !file_slurp_at(fd, &text, &len, "inventory.img") && len > 27);
	body = (uint32_t)len - 8 - 19;
	memcpy(text + 4, &body, sizeof(body));
	fuzz_put(fd, "inventory.img", text, len - 19, 0);
	MUST(!unlinkat(fd, "manifest.criu-lite", 0));
}

static void set_make(const struct model *m, size_t set)
{
	InventoryEntry inv = INVENTORY_ENTRY__INIT;
	TaskKobjIdsEntry ids = TASK_KOBJ_IDS_ENTRY__INIT;
	struct image_dir *dir = NULL;
	char path[64], parent[16];

	path_of(path, set);
	snprintf(parent, sizeof(parent), "../%zu", set + 1);
	MUST(!mkdir(path, 0700));
	MUST_OK(image_dir_create(path, set + 1 < m->nr ? parent : NULL, &dir));
	for (size_t k = 0; k < OBJECTS; k++) {
		if (m->flags & CHAIN_RAW)
			raw_map(dir, &m->maps[set][k], set, k);
		else
			sink_map(dir, &m->maps[set][k], set, k);
	}
	inv.img_version = set && m->flags & CHAIN_PRE_DUMPS ? 0 : 2;
	inv.root_ids = &ids;
	MUST_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
}

static void chain_make(const struct model *m)
{
	char path[64];

	for (size_t set = m->nr; set-- > 0;)
		set_make(m, set);
	/* Children are bound to what their parents were; without manifests nobody knows. */
	for (size_t set = 0; set < m->nr && m->flags & CHAIN_FOREIGN; set++) {
		path_of(path, set);
		make_foreign(path);
	}
}

/* --- comparing --- */

static void check_page(const struct model *m, size_t k, uint64_t page,
		       const struct page_extent *ext, struct page_source *src)
{
	char want[PAGE], have[PAGE];
	bool opened[SETS];
	struct place place;

	MUST(resolve(m, k, page, opened, &place));
	if (!ext) {
		MUST(!place.is_there);
		return;
	}
	MUST(place.is_there && place.has_bytes == !!(ext->flags & PAGE_PRESENT));
	if (!place.has_bytes)
		return;
	page_fill(want, place.set, k, place.page, place.is_zero);
	MUST_OK(page_source_load(src, ext, page - ext->start / PAGE, 1, have));
	MUST(!memcmp(want, have, PAGE));
}

/* Every page of an object, by a list or by a stream. */
static void check_pages(const struct model *m, size_t k, struct page_source *src, bool is_stream)
{
	for (uint64_t page = 0; page < PAGES;) {
		struct page_extent ext;
		bool found = false;
		uint64_t end;

		if (is_stream)
			MUST_OK(page_source_next(src, page * PAGE, &ext, &found));
		else
			MUST_OK(page_source_find(src, page * PAGE, &ext, &found));
		end = found ? ext.start / PAGE : PAGES;
		for (; page < end; page++)
			check_page(m, k, page, NULL, src);
		end = found ? end + ext.nr_pages : page;
		MUST(end <= PAGES);
		for (; page < end; page++)
			check_page(m, k, page, &ext, src);
	}
}

static void check_object(const struct model *m, size_t k, struct image_dir *dir)
{
	struct page_source *src = NULL;
	struct err *e = page_source_open(dir, kinds[k], object_id(k), &src);

	if (!model_is_whole(m, k)) {
		MUST(e);
		return fuzz_drop(e);
	}
	MUST_OK(e);
	check_pages(m, k, src, false);
	page_source_close(src);
	MUST_OK(page_source_stream(dir, kinds[k], object_id(k), &src));
	check_pages(m, k, src, true);
	page_source_close(src);
}

static void check_set(const struct model *m, const char *path)
{
	struct image_dir *dir = NULL;

	MUST_OK(image_dir_open(path, &dir));
	for (size_t k = 0; k < OBJECTS; k++)
		check_object(m, k, dir);
	image_dir_close(dir);
}

/* Pages by their fates, as the maps say. */
static void check_census(const struct model *m, struct image_dir *dir)
{
	struct image_census census = { 0 };
	uint64_t here = 0, parent = 0, zero = 0;

	for (size_t k = 0; k < OBJECTS; k++) {
		const struct map *map = &m->maps[0][k];

		for (size_t i = 0; i < map->nr; i++) {
			here += map->runs[i].flags & PAGE_PRESENT ? map->runs[i].nr : 0;
			zero += map->runs[i].flags & PAGE_PRESENT && map->runs[i].is_zero ?
					map->runs[i].nr :
					0;
			parent += map->runs[i].flags & PAGE_IN_PARENT ? map->runs[i].nr : 0;
		}
	}
	MUST_OK(image_dir_census(dir, &census));
	MUST(census.pages[FATE_PARENT] == parent);
	MUST(census.pages[FATE_WRITTEN] + census.pages[FATE_ZERO] == here);
	if (!(m->flags & CHAIN_FOREIGN))
		MUST(census.pages[FATE_ZERO] == zero);
}

/* --- what changes chains --- */

static struct err *on_newest(struct err *(*run)(const struct options *opts), const char *path,
			     const char *out)
{
	const struct options opts = { .images_dir = path, .output_dir = out };

	return run(&opts);
}

static void chain_page(const char *path)
{
	char page[64];
	struct options opts = { .images_dir = path, .html = page };

	snprintf(page, sizeof(page), "%s/page.html", fuzz_dir());
	fuzz_drop(chain_run(&opts));
}

static void try_squash(const struct model *m, const char *path, bool is_whole)
{
	struct err *e;
	char out[64];

	path_of(out, SETS);
	e = on_newest(squash_run, path, out);
	if (!is_whole || model_lacks_bytes(m)) {
		MUST(e);
		return fuzz_drop(e);
	}
	MUST_OK(e);
	MUST_OK(on_newest(verify_run, out, NULL));
	check_set(m, out);
}

static void flip(int fd, const char *text, size_t at, uint8_t mask)
{
	char byte = (char)((uint8_t)text[at] ^ mask);

	MUST(pwrite(fd, &byte, 1, (off_t)at) == 1);
}

/* A byte that changes in a set with a manifest is found. */
static void damage_one(const struct model *m, const char *path, uint64_t *rnd)
{
	static const char *const names[] = { "inventory.img",	    "manifest.criu-lite",
					     "pagemap-5.img",	    "pages-1.img",
					     "pagemap-shmem-9.img", "pages-2.img" };
	AUTO_FREE char *text = NULL;
	char file[96], dir[64];
	AUTO_FD fd = -1;
	size_t len = 0, at;
	struct err *e;

	path_of(dir, dice(rnd, (uint32_t)m->nr));
	snprintf(file, sizeof(file), "%s/%s", dir, names[dice(rnd, ARRAY_SIZE(names))]);
	MUST_OK(file_slurp_at(AT_FDCWD, &text, &len, "%s", file));
	if (!len)
		return;
	fd = open(file, O_WRONLY | O_CLOEXEC);
	MUST(fd >= 0);
	at = dice(rnd, (uint32_t)len);
	flip(fd, text, at, (uint8_t)(1 << dice(rnd, 8)));
	e = on_newest(verify_run, path, NULL);
	MUST(e);
	fuzz_drop(e);
	flip(fd, text, at, 0);
}

static void try_damage(const struct model *m, struct input in, const char *path)
{
	enum { TIMES = 8 };
	uint64_t rnd = input_int(&in, 8);

	for (int i = 0; i < TIMES; i++)
		damage_one(m, path, &rnd);
	MUST_OK(on_newest(verify_run, path, NULL));
}

static void try_chain(const struct model *m, struct input rest)
{
	bool is_whole = model_is_whole(m, 0) && model_is_whole(m, 1), is_verified;
	struct image_dir *dir = NULL;
	char path[64];
	struct err *e;

	path_of(path, 0);
	e = on_newest(verify_run, path, NULL);
	/* It looks at each set for itself: a parent may lack pages that the newest does not need. */
	is_verified = !e;
	MUST(e || is_whole);
	fuzz_drop(e);
	check_set(m, path);
	chain_page(path);
	MUST_OK(image_dir_open_any(path, &dir));
	if (m->maps[0][0].is_valid && m->maps[0][1].is_valid)
		check_census(m, dir);
	image_dir_close(dir);
	if (m->flags & CHAIN_DEDUP) {
		e = on_newest(dedup_run, path, NULL);
		/* By hand, a set that no page comes from may hold anything, and is refused. */
		if (is_whole && !(m->flags & CHAIN_RAW))
			MUST_OK(e);
		fuzz_drop(e);
		check_set(m, path);
	}
	try_squash(m, path, is_whole);
	if (is_verified && m->flags & CHAIN_DAMAGE && !(m->flags & (CHAIN_FOREIGN | CHAIN_DEDUP)))
		try_damage(m, rest, path);
}

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
	fuzz_quiet();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FD dir = open(fuzz_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct input in = { data, data + size }, rest = in;
	struct model *m = calloc(1, sizeof(*m));

	MUST(m && dir >= 0);
	read_model(in, m);
	rest.at = size > 8 ? data + size - 8 : data;
	chain_make(m);
	try_chain(m, rest);
	fuzz_clear(dir);
	free(m);
	return 0;
}
