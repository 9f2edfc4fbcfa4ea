/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_DEDUP_H
#define IMAGE_DEDUP_H

/*
 * Removing pages that nobody needs any more, as holes in their pages files.  Page maps stay as they are: CRIU, which
 * reads those of the newest set first, never looks where a hole is.
 *
 * A set of ours says in its manifest which pages are removed before the first of them is, so at whatever moment the
 * tool ends, every set is either whole or known as one that pages were removed from.
 */

#include "image/dir.h"

struct dedup_stats {
	uint64_t nr_pages; /* in ranges that were punched, also such as were holes already */
	uint64_t nr_bytes; /* given back to the filesystem */
};

/*
 * Removes from the parents of @dir, a committed set, the pages that it has anew.  The parents are then good as its
 * parents only.  The set is on stable storage before the first page is removed, so a power failure takes no only copy.
 * Adds to @stats, which may be NULL.
 */
MUST_USE struct err *image_dedup(struct image_dir *dir, struct dedup_stats *stats);
/* After a restore: removes all pages that came from @dir and its parents.  It cannot be restored again. */
MUST_USE struct err *image_consume(struct image_dir *dir, struct dedup_stats *stats);

#endif
