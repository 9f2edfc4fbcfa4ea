/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contents of shared memory objects, each written once however many tasks map it.  They are files of an internal
 * tmpfs: reading one needs no task, and SEEK_DATA tells which pages it has (swapped ones too).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/stats.h"
#include "image/pages.h"
#include "mem/copy.h"
#include "mem/dump.h"
#include "mem/mm.h"

#define PAGE_MASK ((off_t)(MEM_PAGE - 1))

struct shared_object {
	uint64_t shmid;
	const char *path;
};

/* Open addressing by shmid; a power of two of slots, at most half of them used. */
struct shmem_table {
	struct shared_object *slots;
	size_t nr_slots, nr;
};

static struct shared_object *slot_find(struct shmem_table *t, uint64_t shmid)
{
	size_t i = (shmid * 0x9e3779b97f4a7c15ull) & (t->nr_slots - 1);

	while (t->slots[i].path && t->slots[i].shmid != shmid)
		i = (i + 1) & (t->nr_slots - 1);
	return &t->slots[i];
}

static void table_grow(struct arena *a, struct shmem_table *t)
{
	struct shmem_table bigger = { .nr_slots = t->nr_slots ? t->nr_slots * 2 : 64, .nr = t->nr };

	bigger.slots = arena_array(a, bigger.nr_slots, sizeof(*bigger.slots));
	for (size_t i = 0; i < t->nr_slots; i++)
		if (t->slots[i].path)
			*slot_find(&bigger, t->slots[i].shmid) = t->slots[i];
	*t = bigger;
}

struct err *mem_shared_add(struct dump *d, uint64_t shmid, const char *path)
{
	struct shared_object *slot;

	if (!d->shmem)
		d->shmem = ARENA_NEW(d->arena, struct shmem_table);
	if (d->shmem->nr * 2 >= d->shmem->nr_slots)
		table_grow(d->arena, d->shmem);
	slot = slot_find(d->shmem, shmid);
	if (slot->path)
		return NULL;
	slot->shmid = shmid;
	slot->path = arena_strdup(d->arena, path);
	d->shmem->nr++;
	return NULL;
}

/* The next stretch of data at or behind @pos in whole pages; false at the end. */
static struct err *next_data(int fd, off_t pos, off_t size, off_t *start_out, off_t *end_out,
			     bool *found_out)
{
	off_t start = lseek(fd, pos, SEEK_DATA), end;

	*found_out = false;
	if (start < 0 && errno == ENXIO)
		return NULL;
	if (start < 0)
		return err_sys(errno, "cannot find data behind %ld", pos);
	end = lseek(fd, start, SEEK_HOLE);
	if (end < 0)
		return err_sys(errno, "cannot find the hole behind %ld", start);
	*start_out = start & ~(off_t)(MEM_PAGE - 1);
	*end_out = MIN((end + (off_t)MEM_PAGE - 1) & ~(off_t)(MEM_PAGE - 1), size);
	*found_out = *start_out < *end_out;
	return NULL;
}

struct object_copy {
	struct page_sink *sink;
	struct page_source *parent; /* the same object in the parent set, or NULL */
	uint64_t nr_parent;	    /* pages left to it */
	int fd;
	off_t size;  /* bytes */
	off_t whole; /* of them in whole pages */
	struct page_plan plan;
	bool has_tail; /* the last page, which the object fills only in part */
	uint64_t tail_offset;
};

/*
 * No tracker sees every write to a shared object (pwrite to a memfd, a task outside of the tree), so its pages are
 * compared with the parent's, byte by byte where the sums are equal.  That saves writing, not reading.
 */
#define COMPARE_PAGES 128

struct compared {
	uint64_t start; /* in the object */
	size_t nr;
	uint8_t own[COMPARE_PAGES * MEM_PAGE];
	uint8_t parents[COMPARE_PAGES * MEM_PAGE];
	uint64_t sums[COMPARE_PAGES];
	bool is_same[COMPARE_PAGES];
};

/* The pages from @first on that @e has: those with the same sum are read and compared. */
static struct err *compare_extent(struct object_copy *o, struct compared *k,
				  const struct page_extent *e, size_t first, size_t end)
{
	uint64_t skip = (k->start + first * MEM_PAGE - e->start) / MEM_PAGE;

	if (!(e->flags & PAGE_PRESENT) || !e->sums)
		return NULL;
	for (size_t i = first; i < end; i++) {
		const uint64_t page = skip + i - first;
		uint8_t *theirs = k->parents + i * MEM_PAGE;

		if (k->sums[i] != e->sums[page])
			continue;
		TRY(page_source_load(o->parent, e, page, 1, theirs));
		k->is_same[i] = !memcmp(k->own + i * MEM_PAGE, theirs, MEM_PAGE);
	}
	return NULL;
}

static struct err *compare_chunk(struct object_copy *o, struct compared *k)
{
	memset(k->is_same, 0, sizeof(k->is_same));
	TRY(fd_pread_all(o->fd, k->own, k->nr * MEM_PAGE, (off_t)k->start));
	page_sums(k->own, k->nr, k->sums);
	for (size_t i = 0, end; i < k->nr; i = end) {
		uint64_t addr = k->start + i * MEM_PAGE;
		struct page_extent e = { 0 };
		bool found;

		TRY(page_source_next(o->parent, addr, &e, &found));
		if (!found)
			return NULL;
		end = k->nr;
		if (e.start > addr) {
			end = i + MIN(k->nr - i, (e.start - addr) / MEM_PAGE);
			continue;
		}
		end = i + MIN(k->nr - i, e.nr_pages - (addr - e.start) / MEM_PAGE);
		TRY(compare_extent(o, k, &e, i, end));
	}
	return NULL;
}

static struct err *add_compared(struct object_copy *o, const struct compared *k)
{
	for (size_t i = 0, end; i < k->nr; i = end) {
		uint64_t start = k->start + i * MEM_PAGE;

		for (end = i + 1; end < k->nr && k->is_same[end] == k->is_same[i];)
			end++;
		if (!k->is_same[i]) {
			TRY(page_plan_add(&o->plan, o->sink, start, end - i));
			continue;
		}
		TRY(page_sink_run(o->sink, start, end - i, PAGE_IN_PARENT, NULL));
		o->nr_parent += end - i;
	}
	return NULL;
}

static struct err *plan_whole_pages(struct object_copy *o, uint64_t start, uint64_t end)
{
	AUTO_FREE struct compared *k = o->parent ? malloc(sizeof(*k)) : NULL;

	if (!o->parent)
		return page_plan_add(&o->plan, o->sink, start, (end - start) / MEM_PAGE);
	if (!k)
		return err_sys(ENOMEM, "cannot compare shared memory");
	for (k->start = start; k->start < end; k->start += k->nr * MEM_PAGE) {
		k->nr = MIN(COMPARE_PAGES, (end - k->start) / MEM_PAGE);
		TRY(compare_chunk(o, k));
		TRY(add_compared(o, k));
	}
	return NULL;
}

static struct err *plan_stretch(struct object_copy *o, off_t start, off_t end)
{
	off_t end_whole = MIN(end, o->whole);

	if (start < end_whole)
		TRY(plan_whole_pages(o, start, end_whole));
	if (end == end_whole)
		return NULL;
	o->has_tail = true;
	return page_sink_run(o->sink, o->whole, 1, PAGE_PRESENT, &o->tail_offset);
}

static struct err *plan_object(struct object_copy *o)
{
	off_t pos = 0, start, end;
	bool found;

	for (;;) {
		TRY(next_data(o->fd, pos, (o->size + PAGE_MASK) & ~PAGE_MASK, &start, &end,
			      &found));
		if (!found)
			return NULL;
		TRY(plan_stretch(o, start, end));
		pos = end;
	}
}

static struct err *copy_tail(const struct object_copy *o)
{
	uint8_t page[MEM_PAGE] = { 0 };

	if (!o->has_tail)
		return NULL;
	TRY(fd_pread_all(o->fd, page, o->size - o->whole, o->whole));
	return page_sink_data(o->sink, o->tail_offset, 1, page);
}

static struct err *copy_object(struct dump *d, struct object_copy *o)
{
	struct stat st;

	if (fstat(o->fd, &st))
		return err_sys(errno, "cannot tell its size");
	o->size = st.st_size;
	o->whole = o->size & ~PAGE_MASK;
	TRY(plan_object(o));
	/* Offsets of the object are its addresses, and the object is what they are read from. */
	progress_expect(d->progress, (int64_t)o->plan.nr_pages);
	TRY(page_plan_copy(&o->plan, o->sink,
			   &(struct page_copy_from){ .mem_fd = o->fd, .progress = d->progress },
			   &d->stats->pages_zero));
	d->stats->shpages_scanned += (o->size + PAGE_MASK) / MEM_PAGE;
	d->stats->shpages_written += o->plan.nr_pages + o->has_tail;
	d->stats->shpages_skipped_parent += o->nr_parent;
	return copy_tail(o);
}

static struct err *parent_open(struct dump *d, const struct shared_object *object,
			       struct page_source **out)
{
	struct image_dir *parent = image_dir_parent(d->images);

	/* Without sums (a set of CRIU's) each page would have to be read to be compared. */
	if (!parent || !image_dir_has_manifest(parent) ||
	    !image_exists(parent, IMAGE_PAGEMAP_SHMEM, object->shmid))
		return NULL;
	return page_source_stream(parent, IMAGE_PAGEMAP_SHMEM, object->shmid, out);
}

static struct err *dump_object(struct dump *d, const struct shared_object *object)
{
	struct object_copy o = { .fd = -1 };
	AUTO_FD fd = -1;
	struct err *e;

	TRY(fd_open_at(AT_FDCWD, O_RDONLY, &fd, "%s", object->path));
	TRY(page_sink_open(d->images, IMAGE_PAGEMAP_SHMEM, object->shmid, &o.sink));
	o.fd = fd;
	page_plan_init(&o.plan, image_dir_fd(d->images));
	e = parent_open(d, object, &o.parent);
	if (!e)
		e = copy_object(d, &o);
	page_source_close(o.parent);
	page_plan_fini(&o.plan);
	if (e) {
		page_sink_abandon(o.sink);
		return err_context(e, "shared memory %lu", object->shmid);
	}
	return page_sink_finish(o.sink);
}

struct err *mem_dump_shared(struct dump *d)
{
	for (size_t i = 0; d->shmem && i < d->shmem->nr_slots; i++)
		if (d->shmem->slots[i].path)
			TRY(dump_object(d, &d->shmem->slots[i]));
	return NULL;
}
