// SPDX-License-Identifier: GPL-2.0-only
#include "flow/iteration.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/fd.h"
#include "base/stats.h"
#include "image/dir.h"
#include "mem/tracker.h"

/* Microseconds as CRIU counts them: from the first number of /proc/uptime, which has two decimals. */
static struct err *read_uptime(uint64_t *us_out)
{
	uint64_t seconds, hundredths;
	AUTO_FREE char *text = NULL;

	TRY(file_slurp_at(AT_FDCWD, &text, NULL, "/proc/uptime"));
	if (sscanf(text, "%" SCNu64 ".%" SCNu64, &seconds, &hundredths) != 2)
		return err_new(ERR_KERNEL, "cannot understand /proc/uptime");
	*us_out = seconds * 1000000 + hundredths * 10000;
	return NULL;
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct err *iteration_fill(struct dump *d, InventoryEntry *inv, uint64_t frozen_us)
{
	const struct dump_stats *s = d->stats;
	IterationEntry *it = PB_NEW(d->arena, IterationEntry, iteration_entry);
	struct iteration_facts facts;

	mem_track_facts(d, &facts);
	inv->iteration = it;
	it->tracker = arena_strdup(d->arena, facts.tracker);
	if (facts.parent_tracker)
		it->parent_tracker = arena_strdup(d->arena, facts.parent_tracker);
	if (facts.full_because)
		it->full_because = arena_strdup(d->arena, facts.full_because);
	it->has_taken_us = it->has_freezing_us = it->has_frozen_us = true;
	it->taken_us = now_us();
	it->freezing_us = s->freezing_us;
	it->frozen_us = frozen_us;
	it->has_scanned = it->has_written = it->has_parent = it->has_zero = true;
	it->scanned = s->pages_scanned + s->shpages_scanned;
	it->written = s->pages_written + s->shpages_written;
	it->parent = s->pages_skipped_parent + s->shpages_skipped_parent;
	it->zero = s->pages_zero;
	it->has_nr_tasks = true;
	it->nr_tasks = (uint32_t)d->tree.nr_tasks;
	/* The guard against reused pids for CRIU, if it goes on from here. */
	inv->has_dump_uptime = true;
	return read_uptime(&inv->dump_uptime);
}

uint64_t iteration_prediction(const struct image_dir *images)
{
	const InventoryEntry *inv = images ? image_dir_inventory(images) : NULL;
	const IterationEntry *it = inv ? inv->iteration : NULL;

	return it && it->has_predicted_us ? it->predicted_us : 0;
}
