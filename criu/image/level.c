// SPDX-License-Identifier: GPL-2.0-only
#include "image/level_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "image/wire.h"
#include "pagemap.pb-c.h"

/* --- one entry --- */

struct entry {
	uint64_t vaddr, compat_nr_pages, in_parent, flags, nr_pages;
	uint32_t seen; /* bit per field number */
};

/* Fields of pagemap_entry; all are varints.  False when the bytes are no such message. */
static bool entry_parse(struct wire w, struct entry *out)
{
	struct entry e = { 0 };

	while (w.at < w.end) {
		uint64_t *const fields[] = { NULL,	   &e.vaddr, &e.compat_nr_pages,
					     &e.in_parent, &e.flags, &e.nr_pages };
		enum wire_type type;
		uint32_t number;

		if (!wire_key(&w, &number, &type))
			return false;
		if (number >= ARRAY_SIZE(fields)) {
			if (!wire_skip(&w, type))
				return false;
			continue;
		}
		if (type != WIRE_VARINT || !wire_varint(&w, fields[number]))
			return false;
		e.seen |= 1u << number;
	}
	*out = e;
	return (e.seen & (1u << 1)) && (e.seen & (1u << 2));
}

/* A pagemap_entry as a run; false for values that cannot be. */
static bool entry_to_run(const struct entry *e, struct source_run *run)
{
	uint64_t bytes, end;

	run->start = e->vaddr;
	run->nr_pages = e->seen & (1u << 5) ? e->nr_pages : (uint32_t)e->compat_nr_pages;
	if (e->seen & (1u << 4))
		run->flags = (uint32_t)e->flags;
	else
		run->flags = e->in_parent ? PAGE_IN_PARENT : PAGE_PRESENT;
	if (run->start % IMAGE_PAGE_SIZE || !run->nr_pages || run->flags & ~7u || !run->flags ||
	    (run->flags & PAGE_IN_PARENT && run->flags & PAGE_PRESENT))
		return false;
	return !__builtin_mul_overflow(run->nr_pages, IMAGE_PAGE_SIZE, &bytes) &&
	       !__builtin_add_overflow(run->start, bytes, &end);
}

/* --- one page map --- */

static struct err *level_err(const struct levels *l, const struct level *v, size_t at,
			     const char *what)
{
	return err_new(ERR_IMAGE, "image \"%s/%s\", entry at byte %zu: %s", v->dir->path, l->name,
		       at, what);
}

/* The next framed entry; an empty @body at the end of the file. */
static struct err *next_entry(const struct levels *l, struct level *v, struct wire *body)
{
	const struct loaded *f = &v->map;
	uint32_t len;

	*body = (struct wire){ NULL, NULL };
	if (v->at == f->len)
		return NULL;
	if (f->len - v->at < sizeof(len))
		return level_err(l, v, v->at, "it is cut short");
	memcpy(&len, f->bytes + v->at, sizeof(len));
	if (len > f->len - v->at - sizeof(len))
		return level_err(l, v, v->at, "it is cut short");
	body->at = f->bytes + v->at + sizeof(len);
	body->end = body->at + len;
	v->at += sizeof(len) + len;
	return NULL;
}

/* What was read of a mapped page map need not stay in memory. */
static void level_forget(struct level *v)
{
	enum { WINDOW = 1 << 20 };
	size_t upto = v->at & ~(size_t)(WINDOW - 1);

	if (!v->map.is_mapped || upto == v->dropped)
		return;
	madvise((char *)v->map.bytes + v->dropped, upto - v->dropped, MADV_DONTNEED);
	v->dropped = upto;
}

struct err *level_step(struct levels *l, uint32_t nr)
{
	struct level *v = &l->list[nr];
	struct source_run run = { .file = nr };
	struct wire body;
	struct entry entry;
	size_t at = v->at;

	if (at == v->map.len) {
		v->is_over = true;
		v->run.nr_pages = 0;
		return NULL;
	}
	TRY(next_entry(l, v, &body));
	if (!entry_parse(body, &entry))
		return level_err(l, v, at, "it is no pagemap_entry");
	if (!entry_to_run(&entry, &run))
		return level_err(l, v, at, "its address, count or flags cannot be");
	if (run.start < run_end(&v->run))
		return level_err(l, v, at, "runs of pages are out of order or overlap");
	run.page = v->nr_pages;
	if (run.flags & PAGE_PRESENT) {
		if (run.nr_pages > v->file.nr_pages - v->nr_pages)
			return level_err(l, v, at,
					 "its pages lie behind the end of the pages file");
		v->nr_pages += run.nr_pages;
	}
	if (run.flags & PAGE_IN_PARENT) {
		/* Lazy or not is what the set that has the bytes says. */
		run.flags = PAGE_IN_PARENT;
		run.page = 0;
	}
	v->run = run;
	level_forget(v);
	return NULL;
}

/* The pages file that @pages_id names: is it there, how many pages has it, what are their sums? */
static struct err *file_attach(const struct levels *l, struct level *v, uint32_t pages_id)
{
	struct source_file *f = &v->file;
	const struct manifest_file *listed;
	uint64_t size;
	bool found;

	image_name(IMAGE_PAGES, pages_id, f->name);
	TRY(file_size(v->dir, f->name, &size, &found));
	if (!found)
		return err_hint(err_new(ERR_IMAGE, "image \"%s/%s\" is missing, \"%s\" needs it",
					v->dir->path, f->name, l->name),
				"copy all files of the directory");
	f->nr_pages = size / IMAGE_PAGE_SIZE;
	listed = file_listed(v->dir, f->name);
	if (listed && !listed->is_pages)
		return err_new(ERR_IMAGE, "image \"%s/%s\" has no page sums", v->dir->path,
			       f->name);
	f->sums = listed ? listed->sums : NULL;
	return NULL;
}

static struct err *level_head(const struct levels *l, struct level *v)
{
	struct wire body;
	uint64_t pages_id = 0;
	uint32_t number = 0;
	enum wire_type type;
	size_t at;

	TRY(err_context(magic_check(v->dir, l->kind, v->map.bytes, v->map.len, &v->at),
			"image \"%s/%s\"", v->dir->path, l->name));
	at = v->at;
	TRY(next_entry(l, v, &body));
	while (body.at < body.end && number != 1) {
		if (!wire_key(&body, &number, &type) ||
		    (number == 1 ? type != WIRE_VARINT || !wire_varint(&body, &pages_id) :
				   !wire_skip(&body, type)))
			return level_err(l, v, at, "it is no pagemap_head");
	}
	if (number != 1)
		return level_err(l, v, at, "required field pagemap_head.pages_id is missing");
	return file_attach(l, v, (uint32_t)pages_id);
}

struct err *level_open(struct levels *l, uint32_t nr, bool *found_out)
{
	struct level *v = &l->list[nr];

	*found_out = true;
	if (v->is_open)
		return NULL;
	TRY(file_load(v->dir, l->name, &v->map, found_out));
	if (!*found_out)
		return NULL;
	v->is_open = true;
	return level_head(l, v);
}

struct err *levels_drain(struct levels *l)
{
	for (uint32_t i = 0; i < l->nr; i++)
		while (l->list[i].is_open && !l->list[i].is_over)
			TRY(level_step(l, i));
	return NULL;
}

/* --- the chain --- */

static uint32_t chain_len(const struct image_dir *dir)
{
	uint32_t nr = 0;

	for (; dir; dir = dir->parent)
		nr++;
	return nr;
}

static struct err *missing(const struct levels *l, uint32_t nr)
{
	return err_hint(err_new(ERR_IMAGE, "image \"%s/%s\" is missing", l->list[nr].dir->path,
				l->name),
			"copy all files of the directory");
}

struct err *levels_open(struct levels *l, struct image_dir *dir, enum image_kind kind, uint64_t id)
{
	bool found;

	l->kind = kind;
	l->nr = chain_len(dir);
	image_name(kind, id, l->name);
	l->list = calloc(l->nr, sizeof(*l->list));
	if (!l->list)
		return err_new(ERR_NOMEM, "cannot allocate a chain of %u sets", l->nr);
	for (uint32_t i = 0; i < l->nr; i++, dir = dir->parent) {
		l->list[i].dir = l->list[i].file.dir = dir;
		l->list[i].file.fd = -1;
	}
	TRY(level_open(l, 0, &found));
	return found ? NULL : missing(l, 0);
}

void levels_drop_maps(struct levels *l)
{
	for (uint32_t i = 0; i < l->nr; i++)
		loaded_fini(&l->list[i].map);
}

void levels_close(struct levels *l)
{
	if (l->list)
		levels_drop_maps(l);
	free(l->list);
	*l = (struct levels){ 0 };
}

/* The level that child @nr - 1 has pages in. */
static struct err *need_level(struct levels *l, uint32_t nr)
{
	bool found;

	if (nr == l->nr)
		return err_hint(err_new(ERR_IMAGE,
					"\"%s/%s\" needs a parent and there is no link \"parent\"",
					l->list[nr - 1].dir->path, l->name),
				"copy the whole chain of directories");
	TRY(level_open(l, nr, &found));
	return found ? NULL : missing(l, nr);
}

static struct err *parent_lacks(const struct levels *l, uint32_t child, uint64_t addr)
{
	return err_hint(err_new(ERR_IMAGE, "page %#llx of \"%s/%s\" is in no parent",
				(unsigned long long)addr, l->list[child].dir->path, l->name),
			"put the whole chain of directories where the link \"parent\" leads");
}

/* Makes the first run that ends behind @addr the current one. */
static struct err *level_seek(struct levels *l, uint32_t nr, uint64_t addr)
{
	const struct level *v = &l->list[nr];

	while (!v->is_over && (!v->run.nr_pages || run_end(&v->run) <= addr))
		TRY(level_step(l, nr));
	return NULL;
}

static struct err *find_any(struct levels *l, uint64_t addr, struct source_run *out)
{
	const struct source_run *run = &l->list[0].run;
	uint64_t end;
	uint32_t nr = 0;

	TRY(level_seek(l, 0, addr));
	*out = *run;
	if (!run->nr_pages)
		return NULL;
	addr = MAX(addr, run->start);
	end = run_end(run);
	while (run->flags == PAGE_IN_PARENT) {
		TRY(need_level(l, ++nr));
		TRY(level_seek(l, nr, addr));
		run = &l->list[nr].run;
		if (!run->nr_pages || run->start > addr)
			return parent_lacks(l, nr - 1, addr);
		end = MIN(end, run_end(run));
	}
	*out = *run;
	out->page += run->flags & PAGE_PRESENT ? (addr - run->start) / IMAGE_PAGE_SIZE : 0;
	out->start = addr;
	out->nr_pages = (end - addr) / IMAGE_PAGE_SIZE;
	return NULL;
}

/* How many pages at the beginning of a run were removed; then it is cut behind those, else in front of the first. */
static uint64_t cut_at_removed(const struct levels *l, struct source_run *run)
{
	const struct source_file *f = &l->list[run->file].file;
	uint64_t nr = 1;
	bool is_removed;

	if (!run->nr_pages || !(run->flags & PAGE_PRESENT) || !f->sums ||
	    !f->dir->manifest.head.has_removed)
		return 0;
	is_removed = f->sums[run->page] == SUM_REMOVED;
	while (nr < run->nr_pages && is_removed == (f->sums[run->page + nr] == SUM_REMOVED))
		nr++;
	run->nr_pages = nr;
	return is_removed ? nr : 0;
}

static struct err *removed(const struct levels *l, const struct source_run *run)
{
	const struct source_file *f = &l->list[run->file].file;

	return image_dir_removed(
		f->dir, err_new(ERR_IMAGE, "page %#llx of \"%s/%s\" was removed from \"%s/%s\"",
				(unsigned long long)run->start, l->list[0].dir->path, l->name,
				f->dir->path, f->name));
}

struct err *levels_find(struct levels *l, uint64_t addr, struct source_run *out)
{
	for (addr = MAX(addr, l->skipped);; addr = l->skipped = run_end(out)) {
		TRY(find_any(l, addr, out));
		if (!cut_at_removed(l, out))
			return NULL;
		if (!l->skip_removed)
			return removed(l, out);
	}
}
