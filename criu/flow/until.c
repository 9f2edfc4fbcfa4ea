// SPDX-License-Identifier: GPL-2.0-only
/*
 * pre-dump --until-frozen: each pre-dump leaves to the next one what was written while it copied, so the rest shrinks
 * until it is what the program writes in the shortest of intervals.  Then more of them would only stop it more often.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/log.h"
#include "flow/predump.h"

enum {
	PAGES_PER_MIB = 256,
	/* The program runs for at least four fifths of the time, and never less than this between two stops. */
	RUN_MIN_US = 10000,
	RUN_PER_FROZEN = 4,
};

struct until {
	const struct options *opts;
	struct arena *arena;
	unsigned int nr; /* pre-dumps made */
	uint64_t *predicted_us;
	const char *why; /* no more are made; NULL: go on */
};

static double ms(uint64_t us)
{
	return (double)us / 1000;
}

/* --- the directories --- */

static bool is_number(const char *name)
{
	while (isdigit((unsigned char)*name))
		name++;
	return !*name;
}

static struct err *check_base(const char *path)
{
	AUTO_DIR DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return err_sys(errno, "cannot list \"%s\"", path);
	while ((entry = readdir(dir)))
		if (is_number(entry->d_name))
			return err_hint(err_new(ERR_USAGE,
						"cannot put numbered pre-dumps into \"%s\": it has "
						"\"%s\" already",
						path, entry->d_name),
					"name an empty directory with --images-dir, or remove the "
					"numbered ones");
	return NULL;
}

static struct err *iterate_into(struct until *u, const char *path, struct predump_result *out)
{
	struct options opts = *u->opts;
	AUTO_FD dir = -1;

	opts.images_dir = path;
	if (u->nr)
		opts.prev_images_dir = arena_printf(u->arena, "../%u", u->nr);
	TRY(fd_open_at(AT_FDCWD, O_RDONLY | O_DIRECTORY, &dir, "%s", path));
	return predump_once(&opts, dir, arena_printf(u->arena, "pre-dump %u", u->nr + 1), out);
}

static struct err *iterate(struct until *u, struct predump_result *out)
{
	const char *path = arena_printf(u->arena, "%s/%u", u->opts->images_dir, u->nr + 1);
	struct err *e;

	if (mkdir(path, 0755))
		return err_sys(errno, "cannot make directory \"%s\"", path);
	e = iterate_into(u, path, out);
	/* A try that left nothing does not stand in the way of the next command. */
	if (e && rmdir(path))
		log_debug("flow", 0, "\"%s\" stays: %m", path);
	return err_context(e, "pre-dump %u", u->nr + 1);
}

/* --- the end --- */

static bool has_shrunk(const struct until *u, unsigned int i)
{
	return u->predicted_us[i] * 10 < u->predicted_us[i - 1] * 9;
}

static const char *why_enough(const struct until *u)
{
	const uint64_t *p = u->predicted_us + u->nr - 1;

	if (*p < (uint64_t)u->opts->until_frozen_ms * 1000)
		return arena_printf(u->arena, "the predicted %.1f ms are below %u ms", ms(*p),
				    u->opts->until_frozen_ms);
	if (u->nr > 2 && !has_shrunk(u, u->nr - 1) && !has_shrunk(u, u->nr - 2))
		return arena_printf(u->arena,
				    "the prediction no longer shrinks (%.1f, %.1f, %.1f ms)",
				    ms(p[-2]), ms(p[-1]), ms(p[0]));
	if (u->nr == u->opts->max_iterations)
		return arena_printf(u->arena, "--max-iterations is %u, and %.1f ms are predicted",
				    u->nr, ms(*p));
	return NULL;
}

static void tell_iteration(const struct until *u, const struct predump_result *r)
{
	if (u->nr == 1)
		printf("%9s %13s %9s %9s %12s\n", "iteration", "pages written", "MiB", "frozen ms",
		       "predicted ms");
	printf("%9u %13" PRIu64 " %9.1f %9.1f %12.1f\n", u->nr, r->nr_written,
	       (double)r->nr_written / PAGES_PER_MIB, ms(r->frozen_us), ms(r->predicted_us));
	fflush(stdout);
	log_info("flow", u->opts->tree,
		 "iteration=%u pages=%" PRIu64 " frozen-us=%" PRIu64 " predicted-us=%" PRIu64,
		 u->nr, r->nr_written, r->frozen_us, r->predicted_us);
}

static void let_run(const struct predump_result *r)
{
	uint64_t least = MAX((uint64_t)RUN_MIN_US, r->frozen_us * RUN_PER_FROZEN);

	if (r->running_us < least)
		usleep((useconds_t)(least - r->running_us));
}

static struct err *iterate_enough(struct until *u)
{
	struct predump_result r;

	for (;; let_run(&r)) {
		TRY(iterate(u, &r));
		u->predicted_us = arena_grow(u->arena, u->predicted_us, u->nr,
					     sizeof(*u->predicted_us));
		u->predicted_us[u->nr++] = r.predicted_us;
		tell_iteration(u, &r);
		u->why = why_enough(u);
		if (u->why)
			return NULL;
	}
}

struct err *predump_until(const struct options *opts)
{
	struct until u = { .opts = opts };
	struct err *e;

	TRY(check_base(opts->images_dir));
	u.arena = arena_new();
	e = iterate_enough(&u);
	if (!e) {
		printf("enough after %u: %s; the last set is %s/%u\n", u.nr, u.why,
		       opts->images_dir, u.nr);
		log_info("flow", opts->tree, "enough after iterations=%u: %s", u.nr, u.why);
	}
	arena_free(u.arena);
	return e;
}
