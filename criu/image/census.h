/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_CENSUS_H
#define IMAGE_CENSUS_H

/* What a single set of a chain holds: counts, and where its pages are.  For people. */

#include "image/dir.h"

enum page_fate {
	FATE_WRITTEN, /* here, and something is in it */
	FATE_ZERO,    /* here, all zero bytes; known only with a manifest */
	FATE_PARENT,
	FATE_REMOVED, /* it was here; dedup has removed it */
	FATE_NR,
};

struct image_census {
	uint64_t pages[FATE_NR];
	size_t nr_tasks;     /* with memory of their own */
	uint64_t disk_bytes; /* blocks of all files of the set */
	uint64_t taken_us;   /* since 1970: when the inventory was written; 0: there is none */
};

MUST_USE struct err *image_dir_census(struct image_dir *dir, struct image_census *out);

struct fate_visitor {
	void *arg;
	MUST_USE struct err *(*run)(void *arg, uint64_t start, uint64_t nr_pages,
				    enum page_fate fate);
};

/* Calls @v for the pages of one page map of this set, in order; a missing one has none. */
MUST_USE struct err *image_fates(struct image_dir *dir, enum image_kind kind, uint64_t id,
				 const struct fate_visitor *v);

#endif
