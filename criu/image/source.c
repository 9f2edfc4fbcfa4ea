// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where pages come from.  The pagemaps of a chain are merged once, oldest first, into one list of
 * extents that each point into one pages file; after that nobody has to know that there are
 * parents.
 */
#include "image/pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "image/dir_priv.h"
#include "image/wire.h"
#include "pagemap.pb-c.h"

/* A run of pages.  While a level is loaded, runs in the parent have file NO_FILE. */
struct source_run {
	uint64_t start;
	uint64_t nr_pages;
	uint64_t page; /* number of the first one in the pages file */
	uint32_t flags;
	uint32_t file;
};

struct run_list {
	struct source_run *runs;
	size_t nr, room;
};

/* The pages file of one level. */
struct source_file {
	struct image_dir *dir;
	char name[IMAGE_NAME_MAX];
	uint64_t nr_pages;
	const uint64_t *sums;
	int fd;
};

struct page_source {
	char name[IMAGE_NAME_MAX];
	const char *dir_path;
	struct run_list list;
	struct source_file *files;
	uint32_t nr_files;
	uint64_t nr_pages;
};

static uint64_t run_end(const struct source_run *run)
{
	return run->start + run->nr_pages * IMAGE_PAGE_SIZE;
}

static struct err *list_add(struct run_list *list, const struct source_run *run)
{
	struct source_run *last = list->nr ? &list->runs[list->nr - 1] : NULL;

	if (last && last->file == run->file && last->flags == run->flags &&
	    run_end(last) == run->start && last->page + last->nr_pages == run->page) {
		last->nr_pages += run->nr_pages;
		return NULL;
	}
	if (list->nr == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct source_run *runs = realloc(list->runs, room * sizeof(*runs));

		if (!runs)
			return err_new(ERR_NOMEM, "cannot allocate %zu runs of pages", room);
		list->runs = runs;
		list->room = room;
	}
	list->runs[list->nr++] = *run;
	return NULL;
}

/* --- one pagemap --- */

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

struct level {
	struct image_dir *dir;
	const char *name;
	struct source_file *file;
	uint32_t file_nr;
	uint64_t nr_pages; /* present so far */
	uint64_t end;	   /* of the last run */
	struct run_list list;
	bool needs_parent;
};

static struct err *level_err(const struct level *l, size_t at, const char *what)
{
	return err_new(ERR_IMAGE, "image \"%s/%s\", entry at byte %zu: %s", l->dir->path, l->name,
		       at, what);
}

static struct err *level_add(struct level *l, struct wire body, size_t at)
{
	struct source_run run = { .file = l->file_nr };
	struct entry entry;

	if (!entry_parse(body, &entry))
		return level_err(l, at, "it is no pagemap_entry");
	if (!entry_to_run(&entry, &run))
		return level_err(l, at, "its address, count or flags cannot be");
	if (run.start < l->end)
		return level_err(l, at, "runs of pages are out of order or overlap");
	l->end = run_end(&run);
	run.page = l->nr_pages;
	if (run.flags & PAGE_PRESENT) {
		if (run.nr_pages > l->file->nr_pages - l->nr_pages)
			return level_err(l, at, "its pages lie behind the end of the pages file");
		l->nr_pages += run.nr_pages;
	}
	if (run.flags & PAGE_IN_PARENT) {
		l->needs_parent = true;
		/* Lazy or not is what the set that has the bytes says. */
		run.flags = PAGE_IN_PARENT;
		run.page = 0;
	}
	return list_add(&l->list, &run);
}

/* The next framed entry; an empty @body at the end of the file. */
static struct err *next_entry(const struct level *l, const struct loaded *f, size_t *at,
			      struct wire *body)
{
	uint32_t len;

	*body = (struct wire){ NULL, NULL };
	if (*at == f->len)
		return NULL;
	if (f->len - *at < sizeof(len))
		return level_err(l, *at, "it is cut short");
	memcpy(&len, f->bytes + *at, sizeof(len));
	if (len > f->len - *at - sizeof(len))
		return level_err(l, *at, "it is cut short");
	*body = (struct wire){ f->bytes + *at + sizeof(len), f->bytes + *at + sizeof(len) + len };
	*at += sizeof(len) + len;
	return NULL;
}

/* The pages file that @pages_id names: is it there, how many pages has it, what are their sums? */
static struct err *file_attach(const struct level *l, uint32_t pages_id)
{
	struct source_file *f = l->file;
	const struct manifest_file *listed;
	uint64_t size;
	bool found;

	f->dir = l->dir;
	f->fd = -1;
	image_name(IMAGE_PAGES, pages_id, f->name);
	TRY(file_size(l->dir, f->name, &size, &found));
	if (!found)
		return err_hint(err_new(ERR_IMAGE, "image \"%s/%s\" is missing, \"%s\" needs it",
					l->dir->path, f->name, l->name),
				"copy all files of the directory");
	f->nr_pages = size / IMAGE_PAGE_SIZE;
	listed = file_listed(l->dir, f->name);
	if (listed && !listed->is_pages)
		return err_new(ERR_IMAGE, "image \"%s/%s\" has no page sums", l->dir->path,
			       f->name);
	f->sums = listed ? listed->sums : NULL;
	return NULL;
}

static struct err *level_parse(struct level *l, enum image_kind kind, const struct loaded *f)
{
	struct wire body;
	uint64_t pages_id = 0;
	uint32_t number = 0;
	enum wire_type type;
	size_t at, entry_at;

	TRY(err_context(magic_check(l->dir, kind, f->bytes, f->len, &at), "image \"%s/%s\"",
			l->dir->path, l->name));
	TRY(next_entry(l, f, &at, &body));
	while (body.at < body.end && number != 1) {
		if (!wire_key(&body, &number, &type) ||
		    (number == 1 ? type != WIRE_VARINT || !wire_varint(&body, &pages_id) :
				   !wire_skip(&body, type)))
			return level_err(l, 8, "it is no pagemap_head");
	}
	if (number != 1)
		return level_err(l, 8, "required field pagemap_head.pages_id is missing");
	TRY(file_attach(l, (uint32_t)pages_id));
	while (at < f->len) {
		entry_at = at;
		TRY(next_entry(l, f, &at, &body));
		TRY(level_add(l, body, entry_at));
	}
	return NULL;
}

/* --- the chain --- */

static struct err *parent_lacks(const struct level *child, uint64_t addr)
{
	return err_hint(err_new(ERR_IMAGE, "page %#llx of \"%s/%s\" is in no parent",
				(unsigned long long)addr, child->dir->path, child->name),
			"put the whole chain of directories where the link \"parent\" leads");
}

/*
 * The part of the parent's pages that @want asks for.  @at: first run of @parent not wholly below
 * it.
 */
static struct err *take_from_parent(const struct level *child, const struct source_run *want,
				    const struct run_list *parent, size_t *at, struct run_list *out)
{
	uint64_t addr = want->start, end = run_end(want);

	while (*at < parent->nr && run_end(&parent->runs[*at]) <= addr)
		++*at;
	for (size_t i = *at; addr < end; i++) {
		struct source_run part;
		uint64_t skip;

		if (i == parent->nr || parent->runs[i].start > addr)
			return parent_lacks(child, addr);
		part = parent->runs[i];
		skip = (addr - part.start) / IMAGE_PAGE_SIZE;
		part.page += part.flags & PAGE_PRESENT ? skip : 0;
		part.nr_pages = MIN(run_end(&part), end) - addr;
		part.nr_pages /= IMAGE_PAGE_SIZE;
		part.start = addr;
		TRY(list_add(out, &part));
		addr = run_end(&part);
	}
	return NULL;
}

/* @list becomes the pages of @child, those in the parent replaced by what @list said. */
static struct err *merge(const struct level *child, struct run_list *list)
{
	struct run_list out = { 0 };
	struct err *e = NULL;
	size_t at = 0;

	for (size_t i = 0; !e && i < child->list.nr; i++) {
		const struct source_run *run = &child->list.runs[i];

		if (run->flags == PAGE_IN_PARENT)
			e = take_from_parent(child, run, list, &at, &out);
		else
			e = list_add(&out, run);
	}
	free(list->runs);
	*list = out;
	return e;
}

static struct err *level_load(struct level *l, enum image_kind kind)
{
	struct loaded f = { 0 };
	struct err *e;
	bool found;

	TRY(file_load(l->dir, l->name, &f, &found));
	if (!found)
		return err_hint(err_new(ERR_IMAGE, "image \"%s/%s\" is missing", l->dir->path,
					l->name),
				"copy all files of the directory");
	e = level_parse(l, kind, &f);
	loaded_fini(&f);
	return e;
}

/* As many levels as are needed to find every page, newest first; all are in @src->files, too. */
static struct err *load_levels(struct page_source *src, enum image_kind kind, struct image_dir *dir,
			       struct level *levels, uint32_t *nr_out)
{
	bool needs_parent = true;

	for (uint32_t i = 0; needs_parent; i++) {
		struct level *l = &levels[i];

		if (!dir)
			return err_hint(
				err_new(ERR_IMAGE,
					"\"%s/%s\" needs a parent and there is no link \"parent\"",
					levels[i - 1].dir->path, src->name),
				"copy the whole chain of directories");
		*l = (struct level){
			.dir = dir, .name = src->name, .file = &src->files[i], .file_nr = i
		};
		l->file->fd = -1;
		src->nr_files = *nr_out = i + 1;
		TRY(level_load(l, kind));
		needs_parent = l->needs_parent;
		dir = dir->parent;
	}
	return NULL;
}

static uint32_t chain_len(const struct image_dir *dir)
{
	uint32_t nr = 0;

	for (; dir; dir = dir->parent)
		nr++;
	return nr;
}

struct err *page_source_open(struct image_dir *dir, enum image_kind kind, uint64_t id,
			     struct page_source **out)
{
	uint32_t nr_levels = 0, depth = chain_len(dir);
	AUTO_FREE struct level *levels = calloc(depth, sizeof(*levels));
	struct page_source *src = calloc(1, sizeof(*src));
	struct err *e = NULL;

	if (src)
		src->files = calloc(depth, sizeof(*src->files));
	if (!levels || !src || !src->files) {
		page_source_close(src);
		return err_new(ERR_NOMEM, "cannot allocate a page source");
	}
	src->dir_path = dir->path;
	image_name(kind, id, src->name);
	e = load_levels(src, kind, dir, levels, &nr_levels);
	for (uint32_t i = nr_levels; i-- > 0;) {
		if (!e)
			e = merge(&levels[i], &src->list);
		free(levels[i].list.runs);
	}
	if (e) {
		page_source_close(src);
		return e;
	}
	for (size_t i = 0; i < src->list.nr; i++)
		src->nr_pages += src->list.runs[i].nr_pages;
	*out = src;
	return NULL;
}

void page_source_drop_fds(struct page_source *src)
{
	for (uint32_t i = 0; i < src->nr_files; i++) {
		if (src->files[i].fd >= 0)
			close(src->files[i].fd);
		src->files[i].fd = -1;
	}
}

void page_source_close(struct page_source *src)
{
	if (!src)
		return;
	page_source_drop_fds(src);
	free(src->files);
	free(src->list.runs);
	free(src);
}

/* --- reading --- */

static struct err *file_use(struct source_file *f)
{
	uint64_t size;
	bool found;

	if (f->fd >= 0)
		return NULL;
	TRY(file_open(f->dir, f->name, &f->fd, &size, &found));
	if (!found || size / IMAGE_PAGE_SIZE < f->nr_pages)
		return err_new(ERR_IMAGE, "image \"%s/%s\" changed while it was used", f->dir->path,
			       f->name);
	return NULL;
}

static void extent_make(const struct page_source *src, const struct source_run *run, uint64_t addr,
			struct page_extent *out)
{
	uint64_t skip = (addr - run->start) / IMAGE_PAGE_SIZE;
	const struct source_file *f = &src->files[run->file];

	*out = (struct page_extent){ .start = addr,
				     .nr_pages = run->nr_pages - skip,
				     .flags = run->flags,
				     .fd = -1,
				     .file = run->file };
	if (!(run->flags & PAGE_PRESENT))
		return;
	out->fd = f->fd;
	out->offset = (run->page + skip) * IMAGE_PAGE_SIZE;
	out->sums = f->sums ? f->sums + run->page + skip : NULL;
}

struct err *page_source_find(struct page_source *src, uint64_t addr, struct page_extent *out,
			     bool *found_out)
{
	size_t low = 0, high = src->list.nr;

	addr -= addr % IMAGE_PAGE_SIZE;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (run_end(&src->list.runs[mid]) <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < src->list.nr) {
		const struct source_run *run = &src->list.runs[low];

		if (run->flags & PAGE_PRESENT)
			TRY(file_use(&src->files[run->file]));
		extent_make(src, run, MAX(addr, run->start), out);
	}
	*found_out = low < src->list.nr;
	return NULL;
}

size_t page_source_nr(const struct page_source *src)
{
	return src->list.nr;
}

struct err *page_source_get(const struct page_source *src, size_t index, struct page_extent *out)
{
	BUG_ON(index >= src->list.nr);
	extent_make(src, &src->list.runs[index], src->list.runs[index].start, out);
	return NULL;
}

uint64_t page_source_nr_pages(const struct page_source *src)
{
	return src->nr_pages;
}

static struct err *page_damaged(const struct page_source *src, const struct page_extent *ext,
				uint64_t page)
{
	const struct source_file *f = &src->files[ext->file];
	uint64_t at = page * IMAGE_PAGE_SIZE;

	return err_hint(err_new(ERR_IMAGE,
				"image \"%s/%s\" is damaged: the checksum of the page at byte %llu "
				"(%#llx of "
				"\"%s\") differs",
				f->dir->path, f->name, (unsigned long long)(ext->offset + at),
				(unsigned long long)(ext->start + at), src->name),
			"copy it again from where it was written");
}

struct err *page_source_verify(const struct page_source *src, const struct page_extent *ext,
			       uint64_t first, uint64_t nr, const void *buf)
{
	const char *at = buf;
	uint64_t sums[64];

	BUG_ON(first > ext->nr_pages || nr > ext->nr_pages - first);
	while (ext->sums && nr) {
		size_t here = MIN(nr, ARRAY_SIZE(sums));

		page_sums(at, here, sums);
		for (size_t i = 0; i < here; i++)
			if (sums[i] != ext->sums[first + i])
				return page_damaged(src, ext, first + i);
		at += here * IMAGE_PAGE_SIZE;
		first += here;
		nr -= here;
	}
	return NULL;
}

struct err *page_source_read(struct page_source *src, uint64_t addr, uint64_t nr, void *buf)
{
	char *at = buf;

	while (nr) {
		struct page_extent ext;
		uint64_t here;
		bool found;

		TRY(page_source_find(src, addr, &ext, &found));
		if (!found || ext.start != addr || !(ext.flags & PAGE_PRESENT))
			return err_new(ERR_IMAGE, "image \"%s/%s\" has no page %#llx",
				       src->dir_path, src->name, (unsigned long long)addr);
		here = MIN(nr, ext.nr_pages);
		TRY(err_context(fd_pread_all(ext.fd, at, here * IMAGE_PAGE_SIZE, (off_t)ext.offset),
				"image \"%s\"", src->files[ext.file].name));
		TRY(page_source_verify(src, &ext, 0, here, at));
		at += here * IMAGE_PAGE_SIZE;
		addr += here * IMAGE_PAGE_SIZE;
		nr -= here;
	}
	return NULL;
}
