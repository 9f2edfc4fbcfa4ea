// SPDX-License-Identifier: GPL-2.0-only
#include "flow/auto_dedup.h"

#include <inttypes.h>

#include "base/log.h"
#include "image/dedup.h"

static void tell(struct err *e, const struct dedup_stats *stats)
{
	if (!e) {
		log_info("flow", 0, "pages removed: pages=%" PRIu64 " bytes=%" PRIu64,
			 stats->nr_pages, stats->nr_bytes);
		return;
	}
	log_warn("flow", 0, "superseded pages stay where they are: %s", err_message(e));
	err_drop(e, "the sets are whole");
}

void auto_dedup_dumped(const struct options *opts, struct image_dir *dir)
{
	struct dedup_stats stats = { 0 };

	if (opts->auto_dedup && image_dir_parent(dir))
		tell(image_dedup(dir, &stats), &stats);
}

void auto_dedup_restored(const struct options *opts, struct image_dir *dir)
{
	struct dedup_stats stats = { 0 };

	if (opts->auto_dedup)
		tell(image_consume(dir, &stats), &stats);
}
