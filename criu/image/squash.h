/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_SQUASH_H
#define IMAGE_SQUASH_H

/* One full set of a set and its parents. */

#include "base/progress.h"
#include "image/dir.h"

struct squash_stats {
	size_t nr_sets;
	uint64_t nr_pages;
	uint64_t nr_zero;   /* of these, holes */
	uint64_t nr_cloned; /* of these, in blocks shared with the older files */
};

/*
 * Writes into the existing directory @path what a restore of @from (opened, not a pre-dump) would read: its images byte
 * for byte, and all pages, whose sums are compared before they are taken over.  The new set has no parent and the mark
 * of @from, so that dumps may go on from either.  Committed last; after a failure nothing is left of it.  @from is
 * only read.
 */
MUST_USE struct err *image_squash(struct image_dir *from, const char *path,
				  struct progress *progress, struct squash_stats *out);

#endif
