/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_LEVEL_PRIV_H
#define IMAGE_LEVEL_PRIV_H

/*
 * The page maps of one id along a chain of sets, read run by run.  Level 0 is the newest.  Nothing is kept of what was
 * read, so memory does not grow with the number of runs; therefore one can only go up.
 */

#include "image/dir_priv.h"
#include "image/pages.h"

struct source_run {
	uint64_t start;
	uint64_t nr_pages;
	uint64_t page; /* number of the first one in the pages file */
	uint32_t flags;
	uint32_t file; /* level */
};

/* The pages file of one level. */
struct source_file {
	struct image_dir *dir;
	char name[IMAGE_NAME_MAX];
	uint64_t nr_pages;
	const uint64_t *sums;
	int fd;
};

struct level {
	struct image_dir *dir;
	struct source_file file;
	struct loaded map;
	size_t at;	       /* the entry behind @run */
	size_t dropped;	       /* bytes of a mapped page map that were given back */
	uint64_t nr_pages;     /* present so far */
	struct source_run run; /* the current one; of no pages before the first and behind the last */
	bool is_open, is_over;
};

struct levels {
	char name[IMAGE_NAME_MAX]; /* of the page maps */
	enum image_kind kind;
	struct level *list;
	uint32_t nr; /* sets in the chain */
	/* Pages that dedup has removed: as if they were not there; else needing one is ERR_IMAGE. */
	bool skip_removed;
	uint64_t skipped; /* nothing is in front of this address any more */
};

static inline uint64_t run_end(const struct source_run *run)
{
	return run->start + run->nr_pages * IMAGE_PAGE_SIZE;
}

/* Opens only the newest page map, the others when they are needed.  A missing one is ERR_IMAGE. */
MUST_USE struct err *levels_open(struct levels *l, struct image_dir *dir, enum image_kind kind,
				 uint64_t id);
/* Keeps the files' books, which extents point to; gives the page maps back. */
void levels_drop_maps(struct levels *l);
void levels_close(struct levels *l);

/* The next run of a level as it stands in its page map; @l->run.nr_pages is 0 at the end. */
MUST_USE struct err *level_step(struct levels *l, uint32_t nr);
/* Reads what is left of the page maps that were opened, for their failures. */
MUST_USE struct err *levels_drain(struct levels *l);
/* Opens the page map of level @nr if it is not; *found_out false: there is none. */
MUST_USE struct err *level_open(struct levels *l, uint32_t nr, bool *found_out);
/*
 * The part of the chain's pages that begins at @addr, or the next one behind it, with the level that has the bytes; of
 * no pages at the end.  @addr may not go down.
 */
MUST_USE struct err *levels_find(struct levels *l, uint64_t addr, struct source_run *out);

/* --- source.c --- */

/* As page_source_stream(), but a page that dedup has removed is ERR_IMAGE. */
MUST_USE struct err *page_source_stream_strict(struct image_dir *dir, enum image_kind kind,
					       uint64_t id, struct page_source **out);
/* The pages file of an extent; -1 before page_source_load().  Lent. */
int page_source_fd(const struct page_source *src, const struct page_extent *ext);

#endif
