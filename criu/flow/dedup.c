// SPDX-License-Identifier: GPL-2.0-only
/* criu-lite dedup: parents give back the pages that a set has anew. */
#include "flow/commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "image/dedup.h"

static struct err *dedup_open(struct image_dir *dir, const struct options *opts)
{
	struct dedup_stats stats = { 0 };

	if (!image_dir_parent(dir)) {
		printf("%s: nothing to do: it has no parent\n", opts->images_dir);
		return NULL;
	}
	TRY(image_dedup(dir, &stats));
	printf("%s: pages removed from its parents=%" PRIu64 " bytes freed=%" PRIu64 "\n",
	       opts->images_dir, stats.nr_pages, stats.nr_bytes);
	return NULL;
}

struct err *dedup_run(const struct options *opts)
{
	struct image_dir *dir = NULL;
	struct err *e;

	TRY(image_dir_open_any(opts->images_dir, &dir));
	e = dedup_open(dir, opts);
	image_dir_close(dir);
	return e;
}
