// SPDX-License-Identifier: GPL-2.0-only
#include "mem/tracker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/options.h"
#include "image/dir.h"
#include "kernel/features.h"
#include "mem/keeper.h"
#include "mem/tracker_priv.h"

/* --- which one --- */

static bool has_uffd_wp(const struct dump *d)
{
	return kernel_has(d->kernel, KF_UFFD_WP_ASYNC) && kernel_has(d->kernel, KF_PAGEMAP_SCAN);
}

static const char *tracker_name(const struct tracking *tr)
{
	if (tr->soft_dirty && tr->uffd_wp)
		return "both";
	return tr->soft_dirty ? "soft-dirty" : tr->uffd_wp ? "uffd-wp" : "none";
}

static void choose_by_name(struct tracking *tr, const char *name)
{
	tr->soft_dirty = !strcmp(name, "soft-dirty") || !strcmp(name, "both");
	tr->uffd_wp = !strcmp(name, "uffd-wp") || !strcmp(name, "both");
}

/* What the chain was begun with goes on, if it works here. */
static const char *choose_auto(struct dump *d)
{
	struct tracking *tr = d->tracking;
	const struct ledger_line *line = ledger_find(&tr->old, d->opts->tree);

	if (line && tr->parent_has_mark && !memcmp(line->mark, tr->parent_mark, MARK_LEN)) {
		choose_by_name(tr, line->tracker);
		if ((!tr->soft_dirty || kernel_has(d->kernel, KF_SOFT_DIRTY)) &&
		    (!tr->uffd_wp || has_uffd_wp(d)))
			return "the parent set was made with it";
	}
	tr->soft_dirty = kernel_has(d->kernel, KF_SOFT_DIRTY);
	tr->uffd_wp = !tr->soft_dirty && has_uffd_wp(d);
	if (tr->soft_dirty)
		return "this kernel has it, and CRIU can continue the chain";
	return tr->uffd_wp ? "this kernel has no soft-dirty bits" :
			     "this kernel has neither soft-dirty bits nor PAGEMAP_SCAN";
}

static struct err *choose(struct dump *d)
{
	struct tracking *tr = d->tracking;
	const char *why = "as asked";

	switch (d->opts->tracker) {
	case TRACKER_AUTO:
		why = choose_auto(d);
		break;
	case TRACKER_NONE:
		break;
	case TRACKER_SOFT_DIRTY:
	case TRACKER_BOTH:
		if (!kernel_has(d->kernel, KF_SOFT_DIRTY))
			return kernel_missing(d->kernel, KF_SOFT_DIRTY);
		tr->soft_dirty = true;
		if (d->opts->tracker == TRACKER_SOFT_DIRTY)
			break;
		/* fall through */
	case TRACKER_UFFD_WP:
		if (!kernel_has(d->kernel, KF_UFFD_WP_ASYNC))
			return kernel_missing(d->kernel, KF_UFFD_WP_ASYNC);
		if (!kernel_has(d->kernel, KF_PAGEMAP_SCAN))
			return kernel_missing(d->kernel, KF_PAGEMAP_SCAN);
		tr->uffd_wp = true;
		break;
	}
	log_info("mem", 0, "tracker=%s: %s", tracker_name(tr), why);
	if (!tr->soft_dirty && !tr->uffd_wp && d->opts->tracker == TRACKER_AUTO)
		log_warn("mem", 0,
			 "changed pages cannot be told here, each dump is a whole one: %s", why);
	return NULL;
}

/* --- the parent --- */

enum { US_PER_SECOND = 1000000 };

static void look_at_parent(struct dump *d)
{
	struct tracking *tr = d->tracking;
	const InventoryEntry *inv;

	tr->parent = image_dir_parent(d->images);
	if (!tr->parent)
		return;
	inv = image_dir_inventory(tr->parent);
	tr->parent_is_foreign = !image_dir_has_manifest(tr->parent);
	tr->parent_has_mark = image_dir_mark(tr->parent, tr->parent_mark);
	if (tr->parent_is_foreign && inv && inv->has_dump_uptime)
		tr->parent_uptime = inv->dump_uptime / (US_PER_SECOND / sysconf(_SC_CLK_TCK));
	if (tr->parent_is_foreign && tr->soft_dirty)
		log_warn("mem", 0,
			 "the parent \"%s\" was not written by criu-lite: that nobody cleared the "
			 "marks since cannot be checked",
			 image_dir_path(tr->parent));
}

/* --- open and close --- */

static struct err *draw_mark(struct tracking *tr)
{
	if (getrandom(tr->mark, MARK_LEN, 0) != MARK_LEN)
		return err_sys(errno, "cannot draw a mark");
	return NULL;
}

struct err *mem_track_open(struct dump *d, bool arms)
{
	struct tracking *tr = d->tracking = ARENA_NEW(d->arena, struct tracking);

	/* Always: a keeper's descriptor tells our own protection from the program's. */
	TRY(ledger_read(d->arena, &tr->old));
	if (!arms && !image_dir_parent(d->images))
		return NULL;
	tr->parent_has_mark = image_dir_parent(d->images) &&
			      image_dir_mark(image_dir_parent(d->images), tr->parent_mark);
	TRY(choose(d));
	look_at_parent(d);
	tr->arms = arms && (tr->soft_dirty || tr->uffd_wp);
	tr->checks_frames = tr->soft_dirty && !kernel_has(d->kernel, KF_SOFT_DIRTY_MOVES);
	if (!tr->arms)
		return NULL;
	TRY(draw_mark(tr));
	image_dir_set_mark(d->images, tr->mark);
	return NULL;
}

void track_full(struct dump *d, const struct task *t, const char *because)
{
	struct tracking *tr = d->tracking;

	log_info("mem", t->host_pid, "dumped whole: %s", because);
	if (!tr->nr_full++) {
		tr->full_because = because;
		tr->full_pid = t->host_pid;
	}
}

struct page_source *mem_track_parent(const struct task *t)
{
	return t->mm->track ? t->mm->track->parent : NULL;
}

void mem_track_facts(const struct dump *d, struct iteration_facts *out)
{
	const struct tracking *tr = d->tracking;

	*out = (struct iteration_facts){
		.tracker = tr && tr->arms ? tracker_name(tr) : "none",
		.parent_tracker = tr && tr->parent ? tracker_name(tr) : NULL,
		.full_because = tr ? tr->full_because : NULL,
		.nr_full = tr ? tr->nr_full : 0,
	};
}

static void task_close(struct task *t)
{
	struct task_track *track = t->mm ? t->mm->track : NULL;

	if (!track)
		return;
	page_source_close(PTR_TAKE(track->parent));
	frames_close(PTR_TAKE(track->frames));
	if (track->uffd >= 0)
		close(fd_take(&track->uffd));
}

void mem_track_close(struct dump *d)
{
	struct tracking *tr = d->tracking;

	if (!tr)
		return;
	if (tr->nr_full)
		log_warn("mem", tr->full_pid, "tasks=%zu dumped whole: %s", tr->nr_full,
			 tr->full_because);
	for (size_t i = 0; i < d->tree.nr_tasks; i++)
		task_close(d->tree.tasks[i]);
	d->tracking = NULL;
}

/* --- criu-lite track --- */

static bool keeper_is_there(const struct ledger_line *l)
{
	AUTO_FD fd = -1;
	struct err *e;

	if (l->keeper <= 0)
		return true; /* needs none */
	e = keeper_take(l->keeper, l->keeper_start, l->keeper_fd, &fd);
	if (!e)
		return true;
	err_drop(e, "it is shown as lost");
	return false;
}

struct err *mem_track_status(struct arena *a)
{
	struct ledger l;
	size_t nr = 0;

	TRY(ledger_read(a, &l));
	for (size_t i = 0; i < l.nr; i++) {
		const struct ledger_line *line = &l.lines[i];

		if (!ledger_task_runs(line))
			continue;
		nr++;
		printf("%d %s", line->pid, line->tracker);
		if (line->keeper > 0)
			printf(" keeper=%d%s", line->keeper,
			       keeper_is_there(line) ? "" : " (ended: tracking is lost)");
		printf(" mark=%02x%02x%02x%02x\n", line->mark[0], line->mark[1], line->mark[2],
		       line->mark[3]);
	}
	if (!nr)
		printf("nothing is tracked\n");
	return NULL;
}

/* The tasks that one dump marked together are one tree, or were. */
static bool is_of_tree(const struct ledger *l, const struct ledger_line *line, pid_t root)
{
	const struct ledger_line *at_root = root ? ledger_find(l, root) : line;

	return at_root && !memcmp(at_root->mark, line->mark, MARK_LEN);
}

struct err *mem_track_stop(struct arena *a, pid_t root)
{
	size_t nr = 0;
	struct ledger l;
	pid_t *pids;

	TRY(ledger_read(a, &l));
	if (root && !ledger_find(&l, root))
		return err_hint(err_new(ERR_USAGE, "task %d is not tracked", root),
				"criu-lite track --status lists those that are");
	pids = arena_array(a, l.nr, sizeof(*pids));
	for (size_t i = 0; i < l.nr; i++)
		if (is_of_tree(&l, &l.lines[i], root))
			pids[nr++] = l.lines[i].pid;
	/* First the book: a mark without a keeper is known as lost, a keeper without a mark is only useless. */
	TRY(ledger_remove(a, pids, nr));
	for (size_t i = 0; i < l.nr; i++)
		if (is_of_tree(&l, &l.lines[i], root))
			keeper_stop(l.lines[i].keeper, l.lines[i].keeper_start);
	printf("tracking ended: tasks=%zu\n", nr);
	return NULL;
}
