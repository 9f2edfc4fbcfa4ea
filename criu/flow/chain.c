// SPDX-License-Identifier: GPL-2.0-only
#include "flow/chain.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "flow/commands.h"
#include "iteration.pb-c.h"
#include "stats.pb-c.h"

/* --- what is known of a set --- */

static struct maybe known(bool is_known, uint64_t value)
{
	return (struct maybe){ is_known, is_known ? value : 0 };
}

/* How long CRIU stopped the tree is in its statistics, if they are kept with the images. */
static struct err *read_stats(struct chain *c, struct chain_set *s)
{
	int fd = image_dir_fd(s->dir);
	ProtobufCMessage *msg = NULL;
	const StatsEntry *stats;
	struct err *e;

	if (faccessat(fd, "stats-dump", F_OK, AT_SYMLINK_NOFOLLOW))
		return NULL;
	e = image_read_loose(fd, IMAGE_STATS_DUMP, 0, c->arena, &msg);
	if (e) {
		err_drop(e, "the time is shown as unknown");
		return NULL;
	}
	stats = (const StatsEntry *)msg;
	if (stats->dump)
		s->frozen_us = known(true, stats->dump->frozen_time);
	return NULL;
}

static void take_iteration(struct chain_set *s, const IterationEntry *it)
{
	s->tracker = it->tracker;
	s->full_because = it->full_because;
	s->taken_us = it->has_taken_us ? it->taken_us : s->taken_us;
	s->nr_tasks = it->has_nr_tasks ? it->nr_tasks : s->nr_tasks;
	s->frozen_us = known(it->has_frozen_us, it->frozen_us);
	s->predicted_us = known(it->has_predicted_us, it->predicted_us);
	if (it->has_written && it->has_parent && it->has_zero) {
		s->written = it->written;
		s->parent = it->parent;
		s->zero = known(true, it->zero);
	}
}

static struct err *read_set(struct chain *c, struct chain_set *s)
{
	const InventoryEntry *inv = image_dir_inventory(s->dir);
	struct image_census census = { 0 };

	TRY(image_dir_census(s->dir, &census));
	s->is_pre_dump = !inv || !inv->img_version;
	s->taken_us = census.taken_us;
	s->nr_tasks = census.nr_tasks;
	s->written = census.pages[FATE_WRITTEN] + census.pages[FATE_ZERO] +
		     census.pages[FATE_REMOVED];
	s->zero = known(image_dir_has_manifest(s->dir), census.pages[FATE_ZERO]);
	s->parent = census.pages[FATE_PARENT];
	s->removed = census.pages[FATE_REMOVED];
	s->disk_bytes = census.disk_bytes;
	if (inv && inv->iteration)
		take_iteration(s, inv->iteration);
	else
		TRY(read_stats(c, s));
	return NULL;
}

/* The directory that all sets are in, and what they are called there. */
static void name_sets(struct chain *c)
{
	char *base = arena_strdup(c->arena, image_dir_path(c->sets[0].dir));
	size_t len = strlen(base);

	for (size_t i = 0; i < c->nr; i++) {
		const char *path = image_dir_path(c->sets[i].dir);

		while (len && (strncmp(path, base, len) || path[len] != '/'))
			while (len && base[--len] != '/')
				;
	}
	base[len] = 0;
	c->base = len ? base : "/";
	for (size_t i = 0; i < c->nr; i++)
		c->sets[i].name = image_dir_path(c->sets[i].dir) + len + 1;
}

struct err *chain_read(struct chain *c, struct image_dir *newest)
{
	size_t at;

	for (struct image_dir *dir = newest; dir; dir = image_dir_parent(dir))
		c->nr++;
	c->sets = arena_array(c->arena, c->nr, sizeof(*c->sets));
	at = c->nr;
	for (struct image_dir *dir = newest; dir; dir = image_dir_parent(dir)) {
		c->sets[--at].dir = dir;
		TRY(read_set(c, &c->sets[at]));
	}
	name_sets(c);
	return NULL;
}

/* --- the table --- */

void chain_time_text(uint64_t taken_us, char *text)
{
	time_t seconds = (time_t)(taken_us / 1000000);
	struct tm tm;

	strcpy(text, "-");
	if (taken_us && localtime_r(&seconds, &tm))
		strftime(text, 32, "%Y-%m-%d %H:%M:%S", &tm);
}

/* Nothing that a terminal would take for a command; @text may come from an image. */
static const char *plain(struct chain *c, const char *text)
{
	char *copy = arena_strdup(c->arena, text);

	for (char *p = copy; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	return copy;
}

enum column {
	COL_SET,
	COL_KIND,
	COL_TAKEN,
	COL_TRACKER,
	COL_TASKS,
	COL_WRITTEN,
	COL_ZERO,
	COL_PARENT,
	COL_DISK,
	COL_FROZEN,
	NR_COLUMNS
};

static const char *const titles[NR_COLUMNS] = {
	"set",	   "kind", "taken",	  "tracker",	 "tasks",
	"written", "zero", "from parent", "MiB on disk", "frozen ms",
};

struct row {
	const char *cells[NR_COLUMNS];
};

static const char *count(struct chain *c, struct maybe n)
{
	return n.is_known ? arena_printf(c->arena, "%" PRIu64, n.value) : "-";
}

static const char *tenths(struct chain *c, bool is_known, double value)
{
	return is_known ? arena_printf(c->arena, "%.1f", value) : "-";
}

static const char *mib(struct chain *c, uint64_t bytes)
{
	return tenths(c, true, (double)bytes / (1 << 20));
}

static const char *ms(struct chain *c, struct maybe us)
{
	return tenths(c, us.is_known, (double)us.value / 1000);
}

static struct row set_row(struct chain *c, const struct chain_set *s)
{
	char *time = arena_alloc(c->arena, 32);

	chain_time_text(s->taken_us, time);
	return (struct row){ {
		[COL_SET] = plain(c, s->name),
		[COL_KIND] = s->is_pre_dump ? "pre-dump" : "dump",
		[COL_TAKEN] = time,
		[COL_TRACKER] = s->tracker ? plain(c, s->tracker) : "-",
		[COL_TASKS] = count(c, known(true, s->nr_tasks)),
		[COL_WRITTEN] = count(c, known(true, s->written)),
		[COL_ZERO] = count(c, s->zero),
		[COL_PARENT] = count(c, known(true, s->parent)),
		[COL_DISK] = mib(c, s->disk_bytes),
		[COL_FROZEN] = ms(c, s->frozen_us),
	} };
}

/* Of those that are known, if there is one. */
static void add(struct maybe *sum, struct maybe n)
{
	sum->is_known |= n.is_known;
	sum->value += n.value;
}

static struct row sum_row(struct chain *c)
{
	struct maybe zero = { 0 }, frozen = { 0 };
	uint64_t written = 0, disk = 0;

	for (size_t i = 0; i < c->nr; i++) {
		written += c->sets[i].written;
		disk += c->sets[i].disk_bytes;
		add(&zero, c->sets[i].zero);
		add(&frozen, c->sets[i].frozen_us);
	}
	return (struct row){ {
		[COL_SET] = "sum",
		[COL_KIND] = "",
		[COL_TAKEN] = "",
		[COL_TRACKER] = "",
		[COL_TASKS] = "",
		[COL_WRITTEN] = count(c, known(true, written)),
		[COL_ZERO] = count(c, zero),
		[COL_PARENT] = "",
		[COL_DISK] = mib(c, disk),
		[COL_FROZEN] = ms(c, frozen),
	} };
}

static void print_row(const struct row *row, const int *width)
{
	for (int i = 0; i < NR_COLUMNS; i++)
		if (i < COL_TASKS)
			printf("%-*s  ", width[i], row->cells[i]);
		else
			printf("%*s%s", width[i], row->cells[i], i < NR_COLUMNS - 1 ? "  " : "\n");
}

static void widen(const struct row *row, int *width)
{
	for (int i = 0; i < NR_COLUMNS; i++)
		width[i] = MAX(width[i], (int)strlen(row->cells[i]));
}

static void print_remarks(struct chain *c, const struct chain_set *s)
{
	if (s->full_because)
		printf("  full: %s\n", plain(c, s->full_because));
	if (s->removed)
		printf("  %" PRIu64 " of its pages were removed by dedup: good as a parent only\n",
		       s->removed);
}

static void print_table(struct chain *c)
{
	struct row *rows = arena_array(c->arena, c->nr, sizeof(*rows));
	struct row head, sum = sum_row(c);
	int width[NR_COLUMNS] = { 0 };

	memcpy(head.cells, titles, sizeof(head.cells));
	widen(&head, width);
	widen(&sum, width);
	for (size_t i = 0; i < c->nr; i++) {
		rows[i] = set_row(c, &c->sets[i]);
		widen(&rows[i], width);
	}
	printf("%zu set%s in %s, oldest first; pages of 4 KiB\n\n", c->nr, c->nr == 1 ? "" : "s",
	       plain(c, c->base));
	print_row(&head, width);
	for (size_t i = 0; i < c->nr; i++) {
		print_row(&rows[i], width);
		print_remarks(c, &c->sets[i]);
	}
	if (c->nr > 1)
		print_row(&sum, width);
}

/* --- the command --- */

/* The largest number that is a directory in @fd, as pre-dump --until-frozen makes them; 0: none. */
static unsigned long last_number(int own_fd)
{
	AUTO_DIR DIR *dir = fdopendir(own_fd);
	unsigned long last = 0;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *end;
		unsigned long n = strtoul(entry->d_name, &end, 10);

		if (isdigit((unsigned char)entry->d_name[0]) && !*end && n > last &&
		    !faccessat(dirfd(dir), entry->d_name, X_OK, 0))
			last = n;
	}
	return last;
}

/* The set itself, or the newest of those in the directory. */
static struct err *newest_open(struct chain *c, const char *path, struct image_dir **out)
{
	unsigned long last;
	int fd;

	if (access(arena_printf(c->arena, "%s/inventory.img", path), F_OK)) {
		TRY(fd_open_at(AT_FDCWD, O_RDONLY | O_DIRECTORY, &fd, "%s", path));
		last = last_number(fd);
		if (last)
			path = arena_printf(c->arena, "%s/%lu", path, last);
	}
	return image_dir_open_any(path, out);
}

static struct err *chain_tell(struct chain *c, const struct options *opts)
{
	struct image_dir *dir = NULL;
	struct err *e;

	TRY(newest_open(c, opts->images_dir, &dir));
	e = chain_read(c, dir);
	if (!e && opts->html)
		e = chain_page_write(c, opts->html);
	else if (!e)
		print_table(c);
	image_dir_close(dir);
	return e;
}

struct err *chain_run(const struct options *opts)
{
	struct chain c = { .arena = arena_new() };
	struct err *e;

	fd_limit_raise();
	e = chain_tell(&c, opts);
	arena_free(c.arena);
	return e;
}
