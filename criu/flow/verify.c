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
	size_t nr_sets, nr_summed; /* with a manifest */
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

static struct err *verify_chain(struct image_dir *dir, struct verify *v)
{
	const struct image_visitor visitor = { .arg = v, .run = verify_file };

	for (; dir; dir = image_dir_parent(dir)) {
		TRY(image_dir_each(dir, &visitor));
		v->nr_sets++;
		v->nr_summed += image_dir_has_manifest(dir);
	}
	return NULL;
}

static void say_whole(const struct options *opts, const struct verify *v)
{
	const struct image_check_stats *s = &v->stats;

	printf("%s: whole: sets=%zu files=%" PRIu64 " entries=%" PRIu64 " bytes=%" PRIu64
	       " pages=%" PRIu64,
	       opts->images_dir, v->nr_sets, s->nr_files, s->nr_entries, s->nr_bytes, s->nr_pages);
	if (s->nr_removed)
		printf(" removed=%" PRIu64 " (by dedup)", s->nr_removed);
	if (v->nr_summed == v->nr_sets)
		printf(" checksums=right\n");
	else if (v->nr_summed)
		printf(" checksums=right in %zu of %zu sets (the others have no manifest: only "
		       "their structure is checked)\n",
		       v->nr_summed, v->nr_sets);
	else
		printf(" checksums=none (no manifest: only the structure is checked)\n");
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
	struct err *e;

	TRY(image_dir_open_any(opts->images_dir, &dir));
	progress_begin(&progress, "verify", chain_nr_pages(dir));
	e = verify_chain(dir, &v);
	progress_end(&progress);
	image_dir_close(dir);
	if (e)
		return v.found ? err_join(v.found, e) : e;
	if (v.found)
		return v.found;
	say_whole(opts, &v);
	return NULL;
}
