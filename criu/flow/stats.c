// SPDX-License-Identifier: GPL-2.0-only
#include "flow/stats.h"

/*
 * Members that a program reading CRIU's statistics expects are always set, also those that stay 0 here
 * (irmap_resolve, page_pipes): a missing optional member is not read as 0 by all of them.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "image/dir.h"
#include "image/records.h"
#include "stats.pb-c.h"

/* Times are 32 bits in the format: 71 minutes. */
static uint32_t us32(uint64_t us)
{
	return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void show_us(FILE *to, const char *name, uint64_t us)
{
	fprintf(to, "%s: %" PRIu64 " us\n", name, us);
}

static void show_count(FILE *to, const char *name, uint64_t count)
{
	fprintf(to, "%s: %" PRIu64 " (0x%" PRIx64 ")\n", name, count, count);
}

void dump_stats_print(const struct dump_stats *s, FILE *to)
{
	fprintf(to, "Displaying dump stats:\n");
	show_us(to, "Freezing time", s->freezing_us);
	show_us(to, "Frozen time", s->frozen_us);
	show_us(to, "Memory dump time", s->memdump_us);
	show_us(to, "Memory write time", s->memwrite_us);
	show_us(to, "IRMAP resolve time", 0);
	show_count(to, "Memory pages scanned", s->pages_scanned);
	show_count(to, "Memory pages skipped from parent", s->pages_skipped_parent);
	show_count(to, "Memory pages written", s->pages_written);
	show_count(to, "Lazy memory pages", s->pages_lazy);
	show_count(to, "Shared memory pages scanned", s->shpages_scanned);
	show_count(to, "Shared memory pages skipped from parent", s->shpages_skipped_parent);
	show_count(to, "Shared memory pages written", s->shpages_written);
}

void restore_stats_print(const struct restore_stats *s, FILE *to)
{
	fprintf(to, "Displaying restore stats:\n");
	show_count(to, "Pages compared", s->pages_compared);
	show_count(to, "Pages skipped COW", s->pages_skipped_cow);
	show_count(to, "Pages restored", s->pages_restored);
	show_us(to, "Restore time", s->restore_us);
	show_us(to, "Forking time", s->forking_us);
}

static struct err *save(int dirfd, enum image_kind kind, const StatsEntry *entry)
{
	return err_context(image_write_loose(dirfd, kind, 0, &entry->base),
			   "cannot write statistics into the work directory");
}

struct err *dump_stats_save(const struct options *opts, int dirfd, const struct dump_stats *s)
{
	StatsEntry entry = STATS_ENTRY__INIT;
	DumpStatsEntry dump = DUMP_STATS_ENTRY__INIT;

	dump.freezing_time = us32(s->freezing_us);
	dump.frozen_time = us32(s->frozen_us);
	dump.memdump_time = us32(s->memdump_us);
	dump.memwrite_time = us32(s->memwrite_us);
	dump.pages_scanned = s->pages_scanned;
	dump.pages_skipped_parent = s->pages_skipped_parent;
	dump.pages_written = s->pages_written;
	dump.pages_lazy = s->pages_lazy;
	dump.has_irmap_resolve = dump.has_page_pipes = dump.has_page_pipe_bufs = true;
	dump.has_shpages_scanned = dump.has_shpages_skipped_parent = dump.has_shpages_written =
		true;
	dump.shpages_scanned = s->shpages_scanned;
	dump.shpages_skipped_parent = s->shpages_skipped_parent;
	dump.shpages_written = s->shpages_written;
	entry.dump = &dump;
	TRY(save(dirfd, IMAGE_STATS_DUMP, &entry));

	if (opts->display_stats)
		dump_stats_print(s, stdout);
	return NULL;
}

struct err *restore_stats_save(const struct options *opts, const struct restore_stats *s)
{
	StatsEntry entry = STATS_ENTRY__INIT;
	RestoreStatsEntry restore = RESTORE_STATS_ENTRY__INIT;

	restore.pages_compared = s->pages_compared;
	restore.pages_skipped_cow = s->pages_skipped_cow;
	restore.has_pages_restored = true;
	restore.pages_restored = s->pages_restored;
	restore.forking_time = us32(s->forking_us);
	restore.restore_time = us32(s->restore_us);
	entry.restore = &restore;
	TRY(save(AT_FDCWD, IMAGE_STATS_RESTORE, &entry));

	if (opts->display_stats)
		restore_stats_print(s, stdout);
	return NULL;
}
