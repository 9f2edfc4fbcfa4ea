// SPDX-License-Identifier: GPL-2.0-only
/* criu-lite verify: is a set whole, without making any task of it? */
#include "flow/commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/progress.h"
#include "image/dir.h"
#include "image/walk.h"

/* More damaged files than this are not listed singly. */
enum { REPORT_MAX = 20 };

struct verify {
	struct image_check_stats stats;
	struct err *found; /* joined */
	size_t nr_found;
};

/* Keeps the failure and goes on: one run names every damaged file. */
static struct err *verify_file(void *arg, struct image_dir *dir, const char *name)
{
	struct verify *v = arg;
	struct err *e = image_check(dir, name, &v->stats);

	if (!e)
		return NULL;
	if (err_code(e) != ERR_IMAGE)
		return e;
	if (v->nr_found++ < REPORT_MAX)
		v->found = v->found ? err_join(v->found, e) : e;
	else
		err_drop(e, "enough are named");
	return NULL;
}

static struct err *verify_chain(struct image_dir *dir, struct verify *v, size_t *nr_sets,
				bool *all_summed)
{
	const struct image_visitor visitor = { .arg = v, .run = verify_file };

	for (; dir; dir = image_dir_parent(dir)) {
		TRY(image_dir_each(dir, &visitor));
		*all_summed = *all_summed && image_dir_has_manifest(dir);
		++*nr_sets;
	}
	return NULL;
}

static uint64_t chain_nr_pages(const struct image_dir *dir)
{
	uint64_t nr = 0;

	for (; dir; dir = image_dir_parent(dir))
		nr += image_dir_nr_pages(dir);
	return nr;
}

struct err *verify_run(const struct options *opts)
{
	struct image_dir *dir = NULL;
	struct progress progress;
	struct verify v = { .stats.progress = &progress };
	bool all_summed = true;
	size_t nr_sets = 0;
	struct err *e;

	TRY(image_dir_open_any(opts->images_dir, &dir));
	progress_begin(&progress, "verify", chain_nr_pages(dir));
	e = verify_chain(dir, &v, &nr_sets, &all_summed);
	progress_end(&progress);
	image_dir_close(dir);
	if (e)
		return v.found ? err_join(v.found, e) : e;
	if (v.found)
		return v.found;
	printf("%s: whole: sets=%zu files=%" PRIu64 " entries=%" PRIu64 " bytes=%" PRIu64
	       " pages=%" PRIu64 " %s\n",
	       opts->images_dir, nr_sets, v.stats.nr_files, v.stats.nr_entries, v.stats.nr_bytes,
	       v.stats.nr_pages,
	       all_summed ? "checksums=right" :
			    "checksums=none (no manifest: only the structure is checked)");
	return NULL;
}
