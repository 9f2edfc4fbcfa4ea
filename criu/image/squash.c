// SPDX-License-Identifier: GPL-2.0-only
#include "image/squash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "image/level_priv.h"
#include "image/walk.h"

/* Pages that are read, summed and written while they are in the cache. */
enum { CHUNK_PAGES = 128 };
/* Sharing blocks is a system call: not for less than this. */
enum { CLONE_MIN_PAGES = 16 };

struct squash {
	struct image_dir *from, *to;
	struct progress *progress;
	struct squash_stats stats;
	char *buf; /* CHUNK_PAGES */
	bool cannot_clone;
};

/* --- images that are not pages --- */

static struct err *copy_bytes(struct squash *sq, struct out_file *to, const struct loaded *l)
{
	enum { WINDOW = 1 << 20 };

	for (size_t at = 0; at < l->len; at += WINDOW) {
		size_t here = MIN(l->len - at, WINDOW);

		TRY(out_bytes(sq->to, to, l->bytes + at, here));
		if (l->is_mapped)
			madvise((char *)l->bytes + at, here, MADV_DONTNEED);
	}
	return NULL;
}

static struct err *copy_file(struct squash *sq, const char *name)
{
	struct loaded l = { 0 };
	struct out_file *to;
	struct err *e;
	bool found;

	TRY(file_load(sq->from, name, &l, &found));
	if (!found)
		return err_new(ERR_IMAGE, "image \"%s/%s\" is missing", sq->from->path, name);
	e = out_get_named(sq->to, name, &to);
	if (!e)
		e = copy_bytes(sq, to, &l);
	if (!e)
		e = out_finish(sq->to, to);
	loaded_fini(&l);
	return e;
}

/* --- pages --- */

/* Lets the new file share the blocks of the old one; false where that cannot be. */
static bool clone_range(struct squash *sq, int from, uint64_t from_at, int to, uint64_t to_at,
			uint64_t nr)
{
	struct file_clone_range range = { .src_fd = from,
					  .src_offset = from_at,
					  .src_length = nr * IMAGE_PAGE_SIZE,
					  .dest_offset = to_at };

	if (sq->cannot_clone || nr < CLONE_MIN_PAGES)
		return false;
	if (!ioctl(to, FICLONERANGE, &range)) {
		sq->stats.nr_cloned += nr;
		return true;
	}
	/* EINVAL: not at this place, where blocks are larger than pages. */
	sq->cannot_clone = errno != EINVAL;
	return false;
}

struct piece {
	int from;
	uint64_t from_at; /* in the old file */
	uint64_t at;	  /* in the new one */
	const char *bytes;
	const uint64_t *sums;
	uint64_t nr;
	bool is_zero;
};

static struct err *put_piece(struct squash *sq, struct page_sink *sink, const struct piece *p)
{
	int to = page_sink_fd(sink);

	if (p->is_zero) {
		sq->stats.nr_zero += p->nr;
		return page_sink_zeros(sink, p->at, p->nr);
	}
	if (!clone_range(sq, p->from, p->from_at, to, p->at, p->nr))
		TRY(err_context(fd_pwrite_all(to, p->bytes, p->nr * IMAGE_PAGE_SIZE, (off_t)p->at),
				"image \"%s\"", sq->to->path));
	return page_sink_sums(sink, p->at, p->nr, p->sums);
}

/* Pages of one chunk, in pieces of zeros and others. */
static struct err *put_chunk(struct squash *sq, struct page_sink *sink, struct piece all,
			     const uint64_t *zeros)
{
	for (uint64_t i = 0, nr; i < all.nr; i += nr) {
		struct piece p = { .from = all.from,
				   .from_at = all.from_at + i * IMAGE_PAGE_SIZE,
				   .at = all.at + i * IMAGE_PAGE_SIZE,
				   .bytes = all.bytes + i * IMAGE_PAGE_SIZE,
				   .sums = all.sums + i,
				   .is_zero = zeros[i / 64] >> i % 64 & 1 };

		for (nr = 1; i + nr < all.nr; nr++)
			if ((zeros[(i + nr) / 64] >> (i + nr) % 64 & 1) != p.is_zero)
				break;
		p.nr = nr;
		TRY(put_piece(sq, sink, &p));
	}
	return NULL;
}

static struct err *put_extent(struct squash *sq, struct page_source *src, struct page_sink *sink,
			      const struct page_extent *ext)
{
	uint64_t sums[CHUNK_PAGES], zeros[CHUNK_PAGES / 64], at = 0;

	if (!(ext->flags & PAGE_PRESENT))
		return err_new(ERR_UNSUPPORTED,
			       "page %#llx of \"%s\" is in no file: it was left with a page server",
			       (unsigned long long)ext->start, sq->from->path);
	TRY(page_sink_run(sink, ext->start, ext->nr_pages, ext->flags, &at));
	for (uint64_t done = 0, here; done < ext->nr_pages; done += here) {
		struct piece all = { .bytes = sq->buf, .sums = sums };

		here = MIN(ext->nr_pages - done, CHUNK_PAGES);
		TRY(page_source_load(src, ext, done, here, sq->buf));
		page_sums_zero(sq->buf, here, sums, zeros);
		all.nr = here;
		all.from = page_source_fd(src, ext);
		all.from_at = ext->offset + done * IMAGE_PAGE_SIZE;
		all.at = at + done * IMAGE_PAGE_SIZE;
		TRY(put_chunk(sq, sink, all, zeros));
		sq->stats.nr_pages += here;
		progress_add(sq->progress, here);
	}
	return NULL;
}

static struct err *put_extents(struct squash *sq, struct page_source *src, struct page_sink *sink)
{
	struct page_extent ext = { 0 };
	bool found;

	for (;;) {
		TRY(page_source_next(src, ext.start + ext.nr_pages * IMAGE_PAGE_SIZE, &ext,
				     &found));
		if (!found)
			return NULL;
		TRY(put_extent(sq, src, sink, &ext));
	}
}

static struct err *copy_pages(struct squash *sq, enum image_kind kind, uint64_t id)
{
	struct page_source *src = NULL;
	struct page_sink *sink = NULL;
	struct err *e;

	TRY(page_source_stream_strict(sq->from, kind, id, &src));
	e = page_sink_open(sq->to, kind, id, &sink);
	if (!e)
		e = put_extents(sq, src, sink);
	if (!e)
		e = page_sink_finish(PTR_TAKE(sink));
	page_sink_abandon(sink);
	page_source_close(src);
	return e;
}

/* --- all of it --- */

static struct err *copy_image(void *arg, struct image_dir *dir UNUSED, const char *name)
{
	struct squash *sq = arg;
	enum image_kind kind = IMAGE_NR_KINDS;
	uint64_t id = 0;

	if (image_name_parse(name, &kind, &id) && (kind == IMAGE_INVENTORY || kind == IMAGE_PAGES ||
						   image_record(kind)->framing == FRAMING_SERVICE))
		return NULL;
	if (kind == IMAGE_PAGEMAP || kind == IMAGE_PAGEMAP_SHMEM)
		return copy_pages(sq, kind, id);
	return copy_file(sq, name);
}

/* Without a manifest also images that are not known here, of CRIU's plugins: it would look for them. */
static struct err *copy_unlisted(struct squash *sq)
{
	AUTO_FD fd = openat(sq->from->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *d = NULL;
	struct dirent *entry;

	if (fd < 0 || !(d = fdopendir(fd)))
		return err_sys(errno, "cannot list \"%s\"", sq->from->path);
	fd_take(&fd);
	while ((entry = readdir(d))) {
		size_t len = strlen(entry->d_name);

		if (len > 4 && !strcmp(entry->d_name + len - 4, ".img"))
			TRY(copy_image(sq, sq->from, entry->d_name));
	}
	return NULL;
}

/* What was counted then is not what this set has. */
static void iteration_of_whole(IterationEntry *it, const struct squash_stats *stats)
{
	it->has_written = it->has_zero = it->has_parent = true;
	it->written = stats->nr_pages;
	it->zero = stats->nr_zero;
	it->parent = 0;
	it->parent_tracker = it->full_because = NULL;
}

static struct err *squash_commit(struct squash *sq)
{
	InventoryEntry inv = *sq->from->inventory;
	IterationEntry it;
	uint8_t mark[MANIFEST_ID_LEN];

	if (inv.iteration) {
		it = *inv.iteration;
		iteration_of_whole(&it, &sq->stats);
		inv.iteration = &it;
	}
	if (image_dir_mark(sq->from, mark))
		image_dir_set_mark(sq->to, mark);
	image_dir_set_durable(sq->to, true);
	return image_dir_commit(sq->to, &inv);
}

static struct err *squash_all(struct squash *sq)
{
	const struct image_visitor v = { .arg = sq, .run = copy_image };

	sq->to->has_common = sq->from->has_common;
	sq->buf = malloc((size_t)CHUNK_PAGES * IMAGE_PAGE_SIZE);
	if (!sq->buf)
		return err_new(ERR_NOMEM, "cannot allocate a buffer for pages");
	if (sq->from->has_manifest)
		TRY(image_dir_each(sq->from, &v));
	else
		TRY(copy_unlisted(sq));
	return squash_commit(sq);
}

/* A set is made only where none is lost. */
static struct err *target_check(const struct squash *sq)
{
	if (!faccessat(sq->to->fd, "inventory.img", F_OK, AT_SYMLINK_NOFOLLOW))
		return err_hint(err_new(ERR_USAGE, "\"%s\" holds a set already", sq->to->path),
				"name an empty directory, or one that does not exist");
	return NULL;
}

struct err *image_squash(struct image_dir *from, const char *path, struct progress *progress,
			 struct squash_stats *out)
{
	struct squash sq = { .from = from, .progress = progress };
	struct err *e;

	for (const struct image_dir *dir = from; dir; dir = dir->parent)
		sq.stats.nr_sets++;
	TRY(image_dir_create(path, NULL, &sq.to));
	e = target_check(&sq);
	if (!e) {
		e = squash_all(&sq);
		image_dir_discard(sq.to);
	}
	free(sq.buf);
	image_dir_close(sq.to);
	if (!e)
		*out = sq.stats;
	return e;
}
