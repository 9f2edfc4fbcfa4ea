// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pre-dump as a list of steps: the tree stands still from "freeze" to "thaw", and only what changed is found out
 * meanwhile.  A pre-dump that does not get to its end costs the next dump its parent, nothing else.
 */
#include "flow/predump.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stats.h"
#include "base/steps.h"
#include "files/files.h"
#include "flow/auto_dedup.h"
#include "flow/commands.h"
#include "flow/iteration.h"
#include "flow/predict.h"
#include "flow/stats.h"
#include "image/dir.h"
#include "kernel/features.h"
#include "mem/dump.h"
#include "mem/predump.h"
#include "mem/tracker.h"
#include "task/collect.h"
#include "task/freeze.h"

struct predump_op {
	struct dump d;
	struct kernel_features kernel;
	struct dump_stats stats;
	struct progress progress;
	struct predump *plan;
	const char *what;
	uint64_t started_us, frozen_us, marked_us, thawed_us; /* when */
	uint64_t predicted_us;
};

static struct err *predump_probe_kernel(void *arg)
{
	struct predump_op *op = arg;

	fd_limit_raise();
	kernel_probe(&op->kernel, kernel_set_track, kernel_nr_set_track);
	return kernel_require(&op->kernel, kernel_set_dump, kernel_nr_set_dump);
}

static struct err *predump_open_images(void *arg)
{
	struct predump_op *op = arg;

	return image_dir_create(op->d.opts->images_dir, op->d.opts->prev_images_dir, &op->d.images);
}

static void predump_discard_images(void *arg)
{
	struct predump_op *op = arg;

	image_dir_discard(op->d.images);
}

static struct err *predump_open_tracker(void *arg)
{
	struct predump_op *op = arg;

	return mem_track_open(&op->d, true);
}

static struct err *predump_freeze(void *arg)
{
	struct predump_op *op = arg;

	TRY(freeze_tree(&op->d));
	op->frozen_us = freezer_frozen_at(op->d.freezer);
	return NULL;
}

static struct err *predump_thaw(void *arg)
{
	struct predump_op *op = arg;

	TRY(thaw_tree(&op->d));
	op->thawed_us = clock_us();
	return NULL;
}

static void predump_thaw_undo(void *arg)
{
	struct err *e = predump_thaw(arg);

	if (e)
		err_report(e);
}

static struct err *predump_look(void *arg)
{
	struct predump_op *op = arg;
	struct dump *d = &op->d;

	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		struct task *t = d->tree.tasks[i];

		TRY(task_look_quickly(d, t));
		if (t->state == TASK_DEAD)
			continue;
		TRY(mem_track_look(d, t));
		TRY(mem_look(d, t, t->probe));
	}
	return NULL;
}

/* Filters would see our calls; such a task is dumped whole each time. */
static bool may_borrow(const struct dump *d, const struct task *t)
{
	return t->state != TASK_DEAD && mem_track_wants_inject(d, t) &&
	       freezer_suspends_seccomp(d->freezer);
}

static struct err *predump_inject(void *arg)
{
	static const struct inject_hook hook = { mem_track_inject };
	struct predump_op *op = arg;

	for (size_t i = 0; i < op->d.tree.nr_tasks; i++)
		if (may_borrow(&op->d, op->d.tree.tasks[i]))
			TRY(task_borrow(&op->d, op->d.tree.tasks[i], &hook));
	return NULL;
}

static struct err *predump_begin_marks(void *arg)
{
	struct predump_op *op = arg;

	return mem_track_begin(&op->d);
}

static struct err *predump_scan(void *arg)
{
	struct predump_op *op = arg;

	TRY(mem_predump_plan(&op->d, &op->plan));
	op->marked_us = clock_us();
	return NULL;
}

static struct err *predump_copy(void *arg)
{
	struct predump_op *op = arg;
	struct err *e;

	mem_track_keep(&op->d);
	progress_begin(&op->progress, op->what, 0);
	e = mem_predump_copy(&op->d, op->plan);
	progress_end(&op->progress);
	return e;
}

static struct err *predump_predict(void *arg)
{
	struct predump_op *op = arg;
	const struct tree *tree = &op->d.tree;
	struct predict_input in = { .nr_tasks = 0 };

	for (size_t i = 0; i < tree->nr_tasks; i++) {
		if (tree->tasks[i]->state == TASK_DEAD)
			continue;
		in.nr_tasks++;
		in.nr_threads += tree->tasks[i]->nr_threads;
		in.nr_fds += files_count(tree->tasks[i]);
	}
	mem_predump_after(&op->d, op->plan, &in.memory);
	in.since_marks_us = clock_us() - op->marked_us;
	in.lead_us = op->frozen_us - op->started_us;
	op->predicted_us = predict_frozen_us(&in);
	return NULL;
}

static struct err *predump_commit(void *arg)
{
	struct predump_op *op = arg;
	InventoryEntry inv = INVENTORY_ENTRY__INIT;
	PluginsEntry plugins = PLUGINS_ENTRY__INIT;

	/* Version 0: cannot be restored, good as a parent. */
	inv.img_version = 0;
	inv.has_pre_dump_mode = true;
	inv.pre_dump_mode = op->d.opts->pre_dump_read ? 2 : 1;
	inv.plugins_entry = &plugins;
	TRY(iteration_fill(&op->d, &inv, op->stats.frozen_us));
	inv.iteration->has_predicted_us = true;
	inv.iteration->predicted_us = op->predicted_us;
	return image_dir_commit(op->d.images, &inv);
}

static const struct step predump_steps[] = {
	{ .name = "probe-kernel", .run = predump_probe_kernel },
	{ .name = "open-images", .run = predump_open_images, .undo = predump_discard_images },
	{ .name = "open-tracker", .run = predump_open_tracker },
	{ .name = "freeze", .run = predump_freeze, .undo = predump_thaw_undo },
	{ .name = "look", .run = predump_look },
	{ .name = "inject", .run = predump_inject },
	{ .name = "marks", .run = predump_begin_marks },
	{ .name = "scan", .run = predump_scan },
	{ .name = "thaw", .run = predump_thaw },
	{ .name = "copy", .run = predump_copy },
	{ .name = "predict", .run = predump_predict },
	{ .name = "commit", .run = predump_commit },
};

static struct err *predump_with(struct predump_op *op, int stats_dir)
{
	const struct options *opts = op->d.opts;
	const struct steps_control control = { opts->stop_before, opts->stop_after, opts->fail_at };

	TRY(steps_run(predump_steps, ARRAY_SIZE(predump_steps), &control, op));
	auto_dedup_dumped(opts, op->d.images);
	log_info("flow", opts->tree,
		 "pre-dumped tasks=%zu pages=%lu parent=%lu frozen-us=%lu predicted-us=%lu",
		 op->d.tree.nr_tasks, op->stats.pages_written, op->stats.pages_skipped_parent,
		 op->stats.frozen_us, op->predicted_us);
	return dump_stats_save(opts, stats_dir, &op->stats);
}

struct err *predump_once(const struct options *opts, int stats_dir, const char *what,
			 struct predump_result *out)
{
	struct predump_op op = { .d.opts = opts, .what = what, .started_us = clock_us() };
	struct err *e;

	op.d.arena = arena_new();
	op.d.kernel = &op.kernel;
	op.d.stats = &op.stats;
	op.d.progress = &op.progress;
	e = predump_with(&op, stats_dir);
	*out = (struct predump_result){
		.nr_written = op.stats.pages_written,
		.frozen_us = op.stats.frozen_us,
		.running_us = clock_us() - op.thawed_us,
		.predicted_us = op.predicted_us,
	};
	mem_predump_free(op.plan);
	mem_track_close(&op.d);
	tree_close(&op.d);
	image_dir_close(op.d.images);
	arena_free(op.d.arena);
	return e;
}

struct err *pre_dump_run(const struct options *opts)
{
	struct predump_result ignored;

	if (opts->until_frozen_ms)
		return predump_until(opts);
	return predump_once(opts, AT_FDCWD, "pre-dump", &ignored);
}
