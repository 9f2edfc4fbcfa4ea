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
#include "mem/dump.h"
#include "mem/mm.h"

#define CHUNK_PAGES 128

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

static struct err *copy_stretch(struct dump *d, struct page_sink *sink, int fd, off_t start,
				off_t end, void *buf)
{
	uint64_t offset;

	TRY(page_sink_run(sink, start, (end - start) / MEM_PAGE, PAGE_PRESENT, &offset));
	while (start < end) {
		size_t len = MIN(end - start, (off_t)(CHUNK_PAGES * MEM_PAGE));
		ssize_t ret = pread(fd, buf, len, start);

		if (ret < 0)
			return err_sys(errno, "cannot read %zu bytes at %ld", len, start);
		/* The last page of a file whose size is no multiple of the page size. */
		memset((char *)buf + ret, 0, len - ret);
		TRY(page_sink_data(sink, offset, len / MEM_PAGE, buf));
		d->stats->shpages_written += len / MEM_PAGE;
		offset += len;
		start += len;
	}
	return NULL;
}

static struct err *copy_object(struct dump *d, struct page_sink *sink, int fd)
{
	AUTO_FREE void *buf = malloc(CHUNK_PAGES * MEM_PAGE);
	off_t pos = 0, start, end, size;
	struct stat st;
	bool found;

	if (!buf)
		return err_sys(ENOMEM, "cannot copy pages");
	if (fstat(fd, &st))
		return err_sys(errno, "cannot tell its size");
	size = (st.st_size + (off_t)MEM_PAGE - 1) & ~(off_t)(MEM_PAGE - 1);
	d->stats->shpages_scanned += size / MEM_PAGE;
	for (;;) {
		TRY(next_data(fd, pos, size, &start, &end, &found));
		if (!found)
			return NULL;
		TRY(copy_stretch(d, sink, fd, start, end, buf));
		pos = end;
	}
}

static struct err *dump_object(struct dump *d, const struct shared_object *o)
{
	struct page_sink *sink;
	AUTO_FD fd = -1;
	struct err *e;

	TRY(fd_open_at(AT_FDCWD, O_RDONLY, &fd, "%s", o->path));
	TRY(page_sink_open(d->images, IMAGE_PAGEMAP_SHMEM, o->shmid, &sink));
	e = copy_object(d, sink, fd);
	if (e) {
		page_sink_abandon(sink);
		return err_context(e, "shared memory %lu", o->shmid);
	}
	return page_sink_finish(sink);
}

struct err *mem_dump_shared(struct dump *d)
{
	for (size_t i = 0; d->shmem && i < d->shmem->nr_slots; i++)
		if (d->shmem->slots[i].path)
			TRY(dump_object(d, &d->shmem->slots[i]));
	return NULL;
}
