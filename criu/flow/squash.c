// SPDX-License-Identifier: GPL-2.0-only
/* criu-lite squash: one full set of a chain. */
#include "image/squash.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "flow/commands.h"
#include "image/census.h"

static struct err *squash_into(struct image_dir *dir, const char *path)
{
	struct squash_stats stats = { 0 };
	struct image_census census = { 0 };
	struct progress progress;
	uint64_t total = 0;
	struct err *e;

	TRY(image_dir_census(dir, &census));
	for (int fate = 0; fate < FATE_NR; fate++)
		total += census.pages[fate];
	progress_begin(&progress, "squash", total);
	e = image_squash(dir, path, &progress, &stats);
	progress_end(&progress);
	if (e)
		return e;
	printf("%s: one set of %zu: pages=%" PRIu64 " zero=%" PRIu64, path, stats.nr_sets,
	       stats.nr_pages, stats.nr_zero);
	if (stats.nr_cloned)
		printf(" sharing blocks with the older files=%" PRIu64, stats.nr_cloned);
	printf("\n");
	return NULL;
}

static struct err *squash_open(struct image_dir *dir, const char *path)
{
	bool is_made = !mkdir(path, 0755);
	struct err *e;

	if (!is_made && errno != EEXIST)
		return err_hint(err_sys(errno, "cannot make directory \"%s\"", path),
				"make the directory that it is to be in");
	e = squash_into(dir, path);
	if (e && is_made)
		rmdir(path);
	return e;
}

struct err *squash_run(const struct options *opts)
{
	struct image_dir *dir = NULL;
	struct err *e;

	fd_limit_raise();
	TRY(image_dir_open(opts->images_dir, &dir));
	e = squash_open(dir, opts->output_dir);
	image_dir_close(dir);
	return e;
}
