// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where pages come from.  The page maps of a chain are merged into one list of extents that each point into one pages
 * file; after that nobody has to know that there are parents.  A stream does the same without the list.
 */
#include "image/pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "image/level_priv.h"

struct run_list {
	struct source_run *runs;
	size_t nr, room;
};

struct page_source {
	struct levels levels;
	const char *dir_path;
	bool is_stream;	      /* then there is no list */
	uint64_t asked;	      /* of a stream: the last address */
	struct run_list list; /* flat: every run with the level that has its bytes */
	uint64_t nr_pages;
};

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

/* --- opening --- */

static struct err *source_new(struct image_dir *dir, enum image_kind kind, uint64_t id,
			      struct page_source **out)
{
	struct page_source *src = calloc(1, sizeof(*src));
	struct err *e;

	if (!src)
		return err_new(ERR_NOMEM, "cannot allocate a page source");
	src->dir_path = dir->path;
	e = levels_open(&src->levels, dir, kind, id);
	if (e) {
		page_source_close(src);
		return e;
	}
	*out = src;
	return NULL;
}

static struct err *list_fill(struct page_source *src)
{
	struct source_run run = { 0 };

	for (;;) {
		TRY(levels_find(&src->levels, run_end(&run), &run));
		if (!run.nr_pages)
			break;
		TRY(list_add(&src->list, &run));
		src->nr_pages += run.nr_pages;
	}
	TRY(levels_drain(&src->levels));
	levels_drop_maps(&src->levels);
	return NULL;
}

struct err *page_source_open(struct image_dir *dir, enum image_kind kind, uint64_t id,
			     struct page_source **out)
{
	struct page_source *src = NULL;
	struct err *e;

	TRY(source_new(dir, kind, id, &src));
	e = list_fill(src);
	if (e) {
		page_source_close(src);
		return e;
	}
	*out = src;
	return NULL;
}

struct err *page_source_stream_strict(struct image_dir *dir, enum image_kind kind, uint64_t id,
				      struct page_source **out)
{
	TRY(source_new(dir, kind, id, out));
	(*out)->is_stream = true;
	return NULL;
}

struct err *page_source_stream(struct image_dir *dir, enum image_kind kind, uint64_t id,
			       struct page_source **out)
{
	TRY(page_source_stream_strict(dir, kind, id, out));
	(*out)->levels.skip_removed = true;
	return NULL;
}

void page_source_drop_fds(struct page_source *src)
{
	for (uint32_t i = 0; i < src->levels.nr; i++) {
		struct source_file *f = &src->levels.list[i].file;

		if (f->fd >= 0)
			close(f->fd);
		f->fd = -1;
	}
}

void page_source_close(struct page_source *src)
{
	if (!src)
		return;
	if (src->levels.list)
		page_source_drop_fds(src);
	levels_close(&src->levels);
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
	const struct source_file *f = &src->levels.list[run->file].file;

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
			TRY(file_use(&src->levels.list[run->file].file));
		extent_make(src, run, MAX(addr, run->start), out);
	}
	*found_out = low < src->list.nr;
	return NULL;
}

struct err *page_source_next(struct page_source *src, uint64_t addr, struct page_extent *out,
			     bool *found_out)
{
	struct source_run run;

	addr -= addr % IMAGE_PAGE_SIZE;
	BUG_ON(!src->is_stream || addr < src->asked);
	src->asked = addr;
	TRY(levels_find(&src->levels, addr, &run));
	*found_out = run.nr_pages;
	if (run.nr_pages)
		extent_make(src, &run, run.start, out);
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
	const struct source_file *f = &src->levels.list[ext->file].file;
	uint64_t at = page * IMAGE_PAGE_SIZE;

	return err_hint(err_new(ERR_IMAGE,
				"image \"%s/%s\" is damaged: the checksum of the page at byte %llu "
				"(%#llx of "
				"\"%s\") differs",
				f->dir->path, f->name, (unsigned long long)(ext->offset + at),
				(unsigned long long)(ext->start + at), src->levels.name),
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

struct err *page_source_load(struct page_source *src, const struct page_extent *ext, uint64_t first,
			     uint64_t nr, void *buf)
{
	struct source_file *f = &src->levels.list[ext->file].file;

	BUG_ON(!(ext->flags & PAGE_PRESENT) || first > ext->nr_pages || nr > ext->nr_pages - first);
	TRY(file_use(f));
	TRY(err_context(fd_pread_all(f->fd, buf, nr * IMAGE_PAGE_SIZE,
				     (off_t)(ext->offset + first * IMAGE_PAGE_SIZE)),
			"image \"%s/%s\"", f->dir->path, f->name));
	return page_source_verify(src, ext, first, nr, buf);
}

int page_source_fd(const struct page_source *src, const struct page_extent *ext)
{
	return src->levels.list[ext->file].file.fd;
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
				       src->dir_path, src->levels.name, (unsigned long long)addr);
		here = MIN(nr, ext.nr_pages);
		TRY(page_source_load(src, &ext, 0, here, at));
		at += here * IMAGE_PAGE_SIZE;
		addr += here * IMAGE_PAGE_SIZE;
		nr -= here;
	}
	return NULL;
}
