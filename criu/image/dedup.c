// SPDX-License-Identifier: GPL-2.0-only
#include "image/dedup_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "image/level_priv.h"
#include "image/walk.h"

/* --- which set has the newer pages --- */

/* @to as seen from @from; both are absolute and without links. */
static void relative_path(const char *from, const char *to, char *out, size_t len)
{
	size_t common = 0, at = 0;

	for (size_t i = 0;; i++) {
		if ((from[i] == '/' || !from[i]) && (to[i] == '/' || !to[i]))
			common = i;
		if (!from[i] || from[i] != to[i])
			break;
	}
	for (const char *p = from + common; *p; p++)
		if (*p == '/' && at < len)
			at += (size_t)snprintf(out + at, len - at, "%s..", at ? "/" : "");
	if (at < len)
		snprintf(out + at, len - at, "%s", at ? to + common : ".");
}

struct err *image_dir_removed(const struct image_dir *dir, struct err *e)
{
	const char *text = dir->inventory->superseded_by;
	char path[PATH_MAX];
	AUTO_FD fd = -1;

	if (!text || !*text)
		return err_hint(e, "dump again: a restore with --auto-dedup has used the pages up");
	fd = openat(dir->fd, text, O_PATH | O_CLOEXEC);
	return err_hint(e, "take the newer set \"%s\", for which dedup has removed them",
			fd >= 0 && dir_real_path(fd, path) ? path : text);
}

/* --- one set that loses pages --- */

enum phase { PHASE_MARK, PHASE_PUNCH };

struct eraser {
	struct image_dir *dir;
	struct renewal renewal;
	struct dedup_stats *stats;
	enum phase phase;
	char name[IMAGE_NAME_MAX]; /* of the pages file that is open */
	int fd;			   /* or -1 */
	uint64_t blocks;	   /* what it had */
};

static void file_leave(struct eraser *er)
{
	struct stat st;

	if (er->fd < 0)
		return;
	if (er->phase == PHASE_PUNCH && !fstat(er->fd, &st) && er->blocks > (uint64_t)st.st_blocks)
		er->stats->nr_bytes += (er->blocks - (uint64_t)st.st_blocks) * 512;
	close(er->fd);
	er->fd = -1;
}

static struct err *punch(const struct eraser *er, uint64_t offset, uint64_t len)
{
	if (!fallocate(er->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
		       (off_t)len))
		return NULL;
	return err_hint(
		err_sys(errno, "cannot remove pages from \"%s/%s\"", er->dir->path, er->name),
		"keep the images on a filesystem that can punch holes (tmpfs, ext4, xfs, btrfs)");
}

static struct err *file_enter(struct eraser *er, const char *name)
{
	struct stat st;

	if (er->fd >= 0 && !strcmp(er->name, name))
		return NULL;
	file_leave(er);
	snprintf(er->name, sizeof(er->name), "%s", name);
	TRY(fd_open_at(er->dir->fd, O_RDWR | O_NOFOLLOW, &er->fd, "%s", name));
	if (fstat(er->fd, &st) < 0)
		return err_sys(errno, "cannot look at \"%s/%s\"", er->dir->path, name);
	er->blocks = (uint64_t)st.st_blocks;
	/* Behind the end, to see whether it can be done before the manifest says that it was. */
	return punch(er, (uint64_t)st.st_size, IMAGE_PAGE_SIZE);
}

static struct err *erase(struct eraser *er, const struct source_file *f, uint64_t page, uint64_t nr)
{
	const struct manifest_file *listed = file_listed(er->dir, f->name);

	TRY(file_enter(er, f->name));
	if (er->phase == PHASE_MARK)
		return listed ? renewal_remove(&er->renewal, listed, page, nr) : NULL;
	er->stats->nr_pages += nr;
	return punch(er, page * IMAGE_PAGE_SIZE, nr * IMAGE_PAGE_SIZE);
}

/* --- which pages --- */

struct image_id {
	enum image_kind kind;
	uint64_t id;
};

/* Calls erase() for the pages of one page map of @top that level @nr is to lose. */
struct choice {
	MUST_USE struct err *(*run)(struct eraser *er, struct levels *l, uint32_t nr);
};

/* Where level 0 has pages of its own and level @nr has them, too. */
static struct err *choose_superseded(struct eraser *er, struct levels *l, uint32_t nr)
{
	struct level *top = &l->list[0], *old = &l->list[nr];
	bool found;

	TRY(level_open(l, nr, &found));
	if (!found)
		return NULL;
	TRY(level_step(l, 0));
	TRY(level_step(l, nr));
	while (!top->is_over && !old->is_over) {
		uint64_t start = MAX(top->run.start, old->run.start);
		uint64_t end = MIN(run_end(&top->run), run_end(&old->run));

		if (start < end && top->run.flags & PAGE_PRESENT && old->run.flags & PAGE_PRESENT)
			TRY(erase(er, &old->file,
				  old->run.page + (start - old->run.start) / IMAGE_PAGE_SIZE,
				  (end - start) / IMAGE_PAGE_SIZE));
		TRY(level_step(l, run_end(&top->run) < run_end(&old->run) ? 0 : nr));
	}
	return NULL;
}

/* What a restore of level 0 has read from level @nr. */
static struct err *choose_used(struct eraser *er, struct levels *l, uint32_t nr)
{
	struct source_run run = { 0 };

	l->skip_removed = true;
	for (;;) {
		TRY(levels_find(l, run_end(&run), &run));
		if (!run.nr_pages)
			return NULL;
		if (run.file == nr && run.flags & PAGE_PRESENT)
			TRY(erase(er, &l->list[nr].file, run.page, run.nr_pages));
	}
}

struct page_maps {
	struct image_id *list;
	size_t nr, room;
};

static struct err *page_map_add(void *arg, struct image_dir *dir UNUSED, const char *name)
{
	struct page_maps *maps = arg;
	struct image_id image;

	if (!image_name_parse(name, &image.kind, &image.id) ||
	    (image.kind != IMAGE_PAGEMAP && image.kind != IMAGE_PAGEMAP_SHMEM))
		return NULL;
	if (maps->nr == maps->room) {
		size_t room = maps->room ? maps->room * 2 : 64;
		struct image_id *list = realloc(maps->list, room * sizeof(*list));

		if (!list)
			return err_new(ERR_NOMEM, "cannot allocate a list of %zu page maps", room);
		maps->list = list;
		maps->room = room;
	}
	maps->list[maps->nr++] = image;
	return NULL;
}

static struct err *erase_map(struct eraser *er, const struct choice *choice, struct image_dir *top,
			     const struct image_id *image, uint32_t nr)
{
	struct levels l = { 0 };
	struct err *e = levels_open(&l, top, image->kind, image->id);

	if (!e)
		e = choice->run(er, &l, nr);
	levels_close(&l);
	return e;
}

/* --- all of it --- */

static struct err *erase_phase(struct eraser *er, enum phase phase, const struct choice *choice,
			       struct image_dir *top, const struct page_maps *maps, uint32_t nr)
{
	struct err *e = NULL;

	er->phase = phase;
	for (size_t i = 0; !e && i < maps->nr; i++)
		e = erase_map(er, choice, top, &maps->list[i], nr);
	file_leave(er);
	return e;
}

/* Set number @nr of the chain loses pages: first its manifest says so, then they are punched. */
static struct err *erase_set(struct eraser *er, const struct choice *choice, struct image_dir *top,
			     const struct page_maps *maps, uint32_t nr, const char *superseded_by)
{
	struct stop *stop = er->renewal.stop;

	TRY(erase_phase(er, PHASE_MARK, choice, top, maps, nr));
	TRY(stop_here(stop));
	TRY(renewal_commit(&er->renewal, superseded_by));
	TRY(stop_here(stop));
	TRY(erase_phase(er, PHASE_PUNCH, choice, top, maps, nr));
	return stop_here(stop);
}

struct dedup {
	struct image_dir *top;
	const struct choice *choice;
	struct dedup_stats stats;
	struct page_maps maps;
	bool is_durable; /* newer pages stay when older ones go; after a restore nothing stays */
	struct stop *stop;
};

/* How @dir names the set that has the newer pages. */
static struct err *newer_name(const struct dedup *d, const struct image_dir *dir, char *out,
			      size_t len)
{
	char from[PATH_MAX], to[PATH_MAX];

	*out = 0;
	if (!d->is_durable)
		return NULL;
	TRY(link_read_at(AT_FDCWD, from, sizeof(from), "/proc/self/fd/%d", dir->fd));
	TRY(link_read_at(AT_FDCWD, to, sizeof(to), "/proc/self/fd/%d", d->top->fd));
	relative_path(from, to, out, len);
	return NULL;
}

static struct err *dedup_set(struct dedup *d, struct image_dir *dir, uint32_t nr)
{
	struct eraser er = { .dir = dir, .stats = &d->stats, .fd = -1 };
	char newer[PATH_MAX];
	struct err *e;

	TRY(newer_name(d, dir, newer, sizeof(newer)));
	renewal_init(&er.renewal, dir, d->is_durable, d->stop);
	e = erase_set(&er, d->choice, d->top, &d->maps, nr, newer);
	renewal_fini(&er.renewal);
	return e;
}

static struct err *dedup_chain(struct dedup *d)
{
	const struct image_visitor v = { .arg = &d->maps, .run = page_map_add };
	struct image_dir *dir = d->top;
	uint32_t nr = 0;

	TRY(image_dir_each(d->top, &v));
	if (d->is_durable) {
		/* The set itself has no older pages; a restore has used its own as well. */
		dir = dir->parent;
		nr++;
		/* A power failure must not take the only copies of pages: first the newer ones are safe. */
		if (dir && syncfs(d->top->fd) < 0)
			return err_sys(errno, "cannot sync \"%s\"", d->top->path);
	}
	for (; dir; dir = dir->parent)
		TRY(dedup_set(d, dir, nr++));
	log_info("image", 0, "pages removed: sets=%u pages=%llu bytes=%llu", nr,
		 (unsigned long long)d->stats.nr_pages, (unsigned long long)d->stats.nr_bytes);
	return NULL;
}

static struct err *dedup_run_with(struct image_dir *dir, const struct choice *choice,
				  struct dedup_stats *stats, struct stop *stop)
{
	struct dedup d = { .choice = choice,
			   .is_durable = choice->run == choose_superseded,
			   .stop = stop };
	struct err *e;

	BUG_ON(dir->is_writing && !dir->is_committed);
	/* As it is now, which for a set just written is known by opening it. */
	TRY(chain_open(dir->fd, ".", dir->path, &d.top));
	e = dedup_chain(&d);
	free(d.maps.list);
	image_dir_close(d.top);
	if (stats) {
		stats->nr_pages += d.stats.nr_pages;
		stats->nr_bytes += d.stats.nr_bytes;
	}
	return e;
}

struct err *dedup_with(struct image_dir *dir, struct dedup_stats *stats, struct stop *stop)
{
	static const struct choice superseded = { .run = choose_superseded };

	return dedup_run_with(dir, &superseded, stats, stop);
}

struct err *consume_with(struct image_dir *dir, struct dedup_stats *stats, struct stop *stop)
{
	static const struct choice used = { .run = choose_used };

	return dedup_run_with(dir, &used, stats, stop);
}

struct err *image_dedup(struct image_dir *dir, struct dedup_stats *stats)
{
	return dedup_with(dir, stats, NULL);
}

struct err *image_consume(struct image_dir *dir, struct dedup_stats *stats)
{
	return consume_with(dir, stats, NULL);
}
