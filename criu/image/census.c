// SPDX-License-Identifier: GPL-2.0-only
#include "image/census.h"

#include <errno.h>
#include <fcntl.h>

#include "image/level_priv.h"
#include "image/sum_priv.h"
#include "image/walk.h"

/* --- where pages are --- */

static enum page_fate fate_of(const struct image_dir *dir, uint64_t sum)
{
	if (sum == SUM_REMOVED && dir->manifest.head.has_removed)
		return FATE_REMOVED;
	return sum == SUM_ZERO_PAGE ? FATE_ZERO : FATE_WRITTEN;
}

static struct err *fates_of_run(const struct level *v, const struct fate_visitor *to)
{
	const struct source_run *run = &v->run;
	const uint64_t *sums = v->file.sums ? v->file.sums + run->page : NULL;

	if (run->flags & PAGE_IN_PARENT)
		return to->run(to->arg, run->start, run->nr_pages, FATE_PARENT);
	if (!(run->flags & PAGE_PRESENT))
		return NULL;
	if (!sums)
		return to->run(to->arg, run->start, run->nr_pages, FATE_WRITTEN);
	for (uint64_t i = 0, nr; i < run->nr_pages; i += nr) {
		enum page_fate fate = fate_of(v->dir, sums[i]);

		for (nr = 1; i + nr < run->nr_pages; nr++)
			if (fate_of(v->dir, sums[i + nr]) != fate)
				break;
		TRY(to->run(to->arg, run->start + i * IMAGE_PAGE_SIZE, nr, fate));
	}
	return NULL;
}

static struct err *fates_of_map(struct levels *l, const struct fate_visitor *to)
{
	for (;;) {
		TRY(level_step(l, 0));
		if (l->list[0].is_over)
			return NULL;
		TRY(fates_of_run(&l->list[0], to));
	}
}

struct err *image_fates(struct image_dir *dir, enum image_kind kind, uint64_t id,
			const struct fate_visitor *v)
{
	struct levels l = { 0 };
	struct err *e;

	if (!image_exists(dir, kind, id))
		return NULL;
	e = levels_open(&l, dir, kind, id);
	if (!e)
		e = fates_of_map(&l, v);
	levels_close(&l);
	return e;
}

/* --- counts --- */

static struct err *count_fate(void *arg, uint64_t start UNUSED, uint64_t nr_pages,
			      enum page_fate fate)
{
	((struct image_census *)arg)->pages[fate] += nr_pages;
	return NULL;
}

static uint64_t blocks_of(const struct image_dir *dir, const char *name, uint64_t *us_out)
{
	struct stat st;

	if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (us_out)
		*us_out = (uint64_t)st.st_mtim.tv_sec * 1000000 +
			  (uint64_t)st.st_mtim.tv_nsec / 1000;
	return (uint64_t)st.st_blocks * 512;
}

static struct err *count_image(void *arg, struct image_dir *dir, const char *name)
{
	struct image_census *c = arg;
	const struct fate_visitor v = { .arg = c, .run = count_fate };
	enum image_kind kind;
	uint64_t id;

	c->disk_bytes += blocks_of(dir, name, NULL);
	if (!image_name_parse(name, &kind, &id))
		return NULL;
	if (kind != IMAGE_PAGEMAP && kind != IMAGE_PAGEMAP_SHMEM)
		return NULL;
	c->nr_tasks += kind == IMAGE_PAGEMAP;
	return image_fates(dir, kind, id, &v);
}

struct err *image_dir_census(struct image_dir *dir, struct image_census *out)
{
	struct image_census c = { 0 };
	const struct image_visitor v = { .arg = &c, .run = count_image };

	blocks_of(dir, "inventory.img", &c.taken_us);
	if (dir->has_manifest)
		c.disk_bytes += blocks_of(dir, dir->manifest_name, NULL);
	TRY(image_dir_each(dir, &v));
	*out = c;
	return NULL;
}
