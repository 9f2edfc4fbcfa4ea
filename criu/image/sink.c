// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the pages of one pagemap go.  The sink gives out places in the pages file and keeps the
 * books: the runs for the pagemap image, a sum per page for the manifest.  The bytes themselves are
 * written by whoever has them.  Neither runs nor sums stay in memory.
 */
#include "image/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "image/dir_priv.h"
#include "image/sum_priv.h"
#include "image/wire.h"
#include "pagemap.pb-c.h"

struct sink_run {
	uint64_t start;
	uint64_t nr_pages;
	uint32_t flags;
};

struct page_sink {
	struct image_dir *dir;
	enum image_kind kind;
	uint64_t id;
	uint32_t pages_id;
	struct out_file *pages, *map;
	int fd;
	struct sink_run run; /* the last one, not in @map yet; of no pages before the first */
	uint64_t nr_pages;
	uint64_t ahead_bytes;
	pthread_mutex_t lock; /* of @pages->sums, which move when a run is added, and what follows */
	uint64_t nr_sums;     /* handed over so far */
	uint64_t nr_zeros;    /* of these, for pages that are holes */
	uint64_t zeros_end;   /* page number behind the last of those */
};

static uint32_t take_pages_id(struct image_dir *dir)
{
	uint32_t id;

	pthread_mutex_lock(&dir->lock);
	id = dir->next_pages_id++;
	pthread_mutex_unlock(&dir->lock);
	return id;
}

/* The page map with its head, and the pages file. */
static struct err *files_open(struct page_sink *s)
{
	PagemapHead head = PAGEMAP_HEAD__INIT;

	s->pages_id = take_pages_id(s->dir);
	head.pages_id = s->pages_id;
	TRY(image_write(s->dir, s->kind, s->id, &head.base));
	TRY(out_get(s->dir, s->kind, s->id, &s->map));
	TRY(out_get(s->dir, IMAGE_PAGES, s->pages_id, &s->pages));
	s->pages->is_pages = true;
	TRY(out_create(s->dir, s->pages->name, &s->fd));
	return ahead_take(s->dir, s->pages->name, &s->fd, &s->ahead_bytes);
}

struct err *page_sink_open(struct image_dir *dir, enum image_kind kind, uint64_t id,
			   struct page_sink **out)
{
	struct page_sink *s;
	struct err *e;

	BUG_ON(kind != IMAGE_PAGEMAP && kind != IMAGE_PAGEMAP_SHMEM);
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_new(ERR_NOMEM, "cannot allocate a page sink");
	s->dir = dir;
	s->kind = kind;
	s->id = id;
	s->fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	e = files_open(s);
	if (e) {
		page_sink_abandon(s);
		return e;
	}
	*out = s;
	return NULL;
}

void page_sink_abandon(struct page_sink *own_s)
{
	if (!own_s)
		return;
	if (own_s->fd >= 0)
		close(own_s->fd);
	pthread_mutex_destroy(&own_s->lock);
	free(own_s);
}

int page_sink_fd(const struct page_sink *s)
{
	return s->fd;
}

uint64_t page_sink_ahead(const struct page_sink *s)
{
	return s->ahead_bytes;
}

/*
 * One pagemap_entry, framed, packed by hand: there can be a million.  compat_nr_pages is what CRIU
 * 4.1 reads and nr_pages what 4.2 reads.
 */
static uint8_t *put_entry(uint8_t *at, const struct sink_run *run, uint64_t start,
			  uint32_t nr_pages)
{
	uint8_t *body = at + sizeof(uint32_t);
	uint32_t len;

	*body++ = 1 << 3;
	body = wire_put_varint(body, start);
	*body++ = 2 << 3;
	body = wire_put_varint(body, nr_pages);
	*body++ = 4 << 3;
	body = wire_put_varint(body, run->flags);
	*body++ = 5 << 3;
	body = wire_put_varint(body, nr_pages);
	len = (uint32_t)(body - at) - (uint32_t)sizeof(uint32_t);
	memcpy(at, &len, sizeof(len));
	return body;
}

/* The last run is final: nothing can be joined to it. */
static struct err *put_run(struct page_sink *s)
{
	uint64_t start = s->run.start, left = s->run.nr_pages;
	uint8_t entry[64];

	while (left) {
		/* At most 1 GiB each: neither pages nor bytes overflow 32 bits in any reader. */
		uint32_t here = (uint32_t)MIN(left, 1u << 18);
		uint8_t *end = put_entry(entry, &s->run, start, here);

		TRY(out_bytes(s->dir, s->map, entry, (size_t)(end - entry)));
		start += (uint64_t)here * IMAGE_PAGE_SIZE;
		left -= here;
	}
	return NULL;
}

static struct err *add_run(struct page_sink *s, uint64_t start, uint64_t nr_pages, uint32_t flags)
{
	struct sink_run *last = &s->run;

	if (last->flags == flags && last->start + last->nr_pages * IMAGE_PAGE_SIZE == start) {
		last->nr_pages += nr_pages;
		return NULL;
	}
	TRY(put_run(s));
	*last = (struct sink_run){ start, nr_pages, flags };
	return NULL;
}

struct err *page_sink_run(struct page_sink *s, uint64_t start, uint64_t nr_pages, uint32_t flags,
			  uint64_t *offset_out)
{
	uint64_t end, offset = s->nr_pages * IMAGE_PAGE_SIZE;
	struct err *e;

	BUG_ON(flags != PAGE_PRESENT && flags != (PAGE_PRESENT | PAGE_LAZY) &&
	       flags != PAGE_IN_PARENT);
	BUG_ON(start % IMAGE_PAGE_SIZE || !nr_pages || nr_pages > UINT64_MAX / IMAGE_PAGE_SIZE);
	BUG_ON(__builtin_add_overflow(start, nr_pages * IMAGE_PAGE_SIZE, &end));
	BUG_ON(s->run.start + s->run.nr_pages * IMAGE_PAGE_SIZE > start);
	TRY(add_run(s, start, nr_pages, flags));
	if (!(flags & PAGE_PRESENT))
		return NULL;
	pthread_mutex_lock(&s->lock);
	e = sums_reserve(&s->dir->spool, s->dir->fd, &s->pages->sums, nr_pages);
	if (!e)
		s->nr_pages += nr_pages;
	pthread_mutex_unlock(&s->lock);
	if (!e && offset_out)
		*offset_out = offset;
	return e;
}

/* As many of the sums as lie together. */
static struct err *put_sums(struct page_sink *s, uint64_t page, uint64_t nr, const uint64_t *sums,
			    uint64_t *done_out)
{
	struct sums_place place;

	pthread_mutex_lock(&s->lock);
	if (!nr || page > s->nr_pages || nr > s->nr_pages - page) {
		pthread_mutex_unlock(&s->lock);
		return err_new(ERR_BUG, "sums of pages that are not reserved");
	}
	place = sums_put(&s->pages->sums, page, nr, sums);
	*done_out = place.nr ? place.nr : nr;
	s->nr_sums += *done_out;
	pthread_mutex_unlock(&s->lock);
	return place.nr ? sums_write(&s->dir->spool, place, sums) : NULL;
}

struct err *page_sink_sums(struct page_sink *s, uint64_t offset, uint64_t nr, const uint64_t *sums)
{
	uint64_t page = offset / IMAGE_PAGE_SIZE, done = 0;

	BUG_ON(offset % IMAGE_PAGE_SIZE);
	do {
		TRY(put_sums(s, page, nr, sums, &done));
		page += done;
		sums += done;
		nr -= done;
	} while (nr);
	return NULL;
}

/* Memory that was got for them ahead is given back; where that cannot be, it holds zeros. */
static void punch_ahead(const struct page_sink *s, uint64_t offset, uint64_t len)
{
	if (offset < s->ahead_bytes)
		(void)!fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
				 (off_t)MIN(len, s->ahead_bytes - offset));
}

struct err *page_sink_zeros(struct page_sink *s, uint64_t offset, uint64_t nr)
{
	uint64_t sums[256], end = offset / IMAGE_PAGE_SIZE + nr;

	for (size_t i = 0; i < ARRAY_SIZE(sums); i++)
		sums[i] = SUM_ZERO_PAGE;
	for (uint64_t done = 0, here; done < nr; done += here) {
		here = MIN(nr - done, ARRAY_SIZE(sums));
		TRY(page_sink_sums(s, offset + done * IMAGE_PAGE_SIZE, here, sums));
	}
	punch_ahead(s, offset, nr * IMAGE_PAGE_SIZE);
	pthread_mutex_lock(&s->lock);
	s->nr_zeros += nr;
	s->zeros_end = MAX(s->zeros_end, end);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

struct err *page_sink_data(struct page_sink *s, uint64_t offset, uint64_t nr, const void *buf)
{
	uint64_t sums[256];
	const char *at = buf;

	TRY(err_context(fd_pwrite_all(s->fd, buf, nr * IMAGE_PAGE_SIZE, (off_t)offset),
			"image \"%s/%s\"", s->dir->path, s->pages->name));
	while (nr) {
		size_t here = MIN(nr, ARRAY_SIZE(sums));

		page_sums(at, here, sums);
		TRY(page_sink_sums(s, offset, here, sums));
		at += here * IMAGE_PAGE_SIZE;
		offset += here * IMAGE_PAGE_SIZE;
		nr -= here;
	}
	return NULL;
}

/* The pages file becomes a line of the manifest. */
static struct err *enter_pages(struct page_sink *s)
{
	uint64_t len = s->nr_pages * IMAGE_PAGE_SIZE;
	struct out_file *f = s->pages;
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return err_sys(errno, "cannot look at image \"%s\"", f->name);
	BUG_ON(s->nr_sums != s->nr_pages);
	/* Only zeros may be missing at the end. */
	BUG_ON((uint64_t)st.st_size < len &&
	       (s->zeros_end != s->nr_pages ||
		s->nr_zeros * IMAGE_PAGE_SIZE < len - (uint64_t)st.st_size));
	/* Or more than was needed has been got ahead. */
	if ((uint64_t)st.st_size != len && ftruncate(s->fd, (off_t)len))
		return err_sys(errno, "cannot set the size of image \"%s\"", f->name);
	TRY(sums_settle(&s->dir->spool, s->dir->fd, &f->sums));
	f->flushed = len;
	f->is_done = true;
	return NULL;
}

struct err *page_sink_finish(struct page_sink *own_s)
{
	struct err *e = enter_pages(own_s);

	if (!e)
		e = put_run(own_s);
	if (!e)
		e = out_finish(own_s->dir, own_s->map);
	page_sink_abandon(own_s);
	return e;
}
