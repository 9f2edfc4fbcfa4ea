/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dump as a list of steps.  Everything up to "check" only looks: what cannot be dumped is found there, all of it,
 * before anything is changed.  "commit" is the point of no return; whatever fails before it is undone in reverse, and
 * the tree runs on.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/options.h"
#include "base/progress.h"
#include "base/stats.h"
#include "base/steps.h"
#include "files/files.h"
#include "flow/auto_dedup.h"
#include "flow/commands.h"
#include "flow/iteration.h"
#include "flow/scripts.h"
#include "flow/stats.h"
#include "image/dir.h"
#include "image/pages.h"
#include "kernel/features.h"
#include "mem/dump.h"
#include "mem/mm.h"
#include "mem/tracker.h"
#include "ns/ns.h"
#include "task/collect.h"
#include "task/freeze.h"
#include "task/kobj.h"
#include "task/seccomp.h"
#include "task/sharing.h"

struct dump_op {
	struct dump d;
	struct kernel_features kernel;
	struct dump_stats stats;
	struct progress progress;
	int script_status; /* of the post-dump scripts */
};

static struct err *dump_probe_kernel(void *arg)
{
	struct dump_op *op = arg;

	fd_limit_raise();
	if (op->d.opts->track_mem || op->d.opts->prev_images_dir)
		kernel_probe(&op->kernel, kernel_set_track, kernel_nr_set_track);
	return kernel_require(&op->kernel, kernel_set_dump, kernel_nr_set_dump);
}

static struct err *dump_open_images(void *arg)
{
	struct dump_op *op = arg;

	TRY(scripts_check(op->d.opts));
	return image_dir_create(op->d.opts->images_dir, op->d.opts->prev_images_dir, &op->d.images);
}

static void dump_discard_images(void *arg)
{
	struct dump_op *op = arg;

	image_dir_discard(op->d.images);
}

/* Marks are for a tree that goes on; what is killed needs none. */
static struct err *dump_open_tracker(void *arg)
{
	struct dump_op *op = arg;

	return mem_track_open(&op->d, op->d.opts->track_mem && op->d.opts->final != FINAL_DEFAULT);
}

static struct err *dump_pre_script(void *arg)
{
	struct dump_op *op = arg;

	return scripts_run(op->d.opts, SCRIPT_PRE_DUMP, image_dir_fd(op->d.images),
			   op->d.opts->tree, NULL);
}

static struct err *dump_prepare_pages(void *arg)
{
	struct dump_op *op = arg;

	/* How much of it will be left to a parent nobody knows yet. */
	if (!op->d.opts->prev_images_dir)
		image_dir_prepare_pages(op->d.images, mem_guess_private(op->d.opts->tree));
	return NULL;
}

static struct err *dump_freeze(void *arg)
{
	struct dump_op *op = arg;

	return freeze_tree(&op->d);
}

static void dump_thaw(void *arg)
{
	struct dump_op *op = arg;
	struct err *e = thaw_tree(&op->d);

	if (e)
		err_report(e);
}

static struct err *file_vmas_look(struct dump *d, struct task *t)
{
	MmEntry *mm = t->mm->rec;
	char link[64];
	uint32_t id;
	int flags;

	TRY(files_add_path(d, t, "exe", O_RDONLY, &mm->exe_file_id));
	for (size_t i = 0; i < mm->n_vmas; i++) {
		if (!mem_vma_wants_file(t, i, &flags))
			continue;
		snprintf(link, sizeof(link), "map_files/%lx-%lx", mm->vmas[i]->start,
			 mm->vmas[i]->end);
		TRY(files_add_path(d, t, link, flags, &id));
		mm->vmas[i]->shmid = id;
	}
	return NULL;
}

static struct err *dump_look(void *arg)
{
	struct dump_op *op = arg;
	struct dump *d = &op->d;

	for (size_t i = 0; i < d->tree.nr_tasks; i++)
		TRY(task_look(d, d->tree.tasks[i]));
	TRY(kobj_ids_assign(d));
	TRY(sharing_look(d));
	TRY(ns_look(d));
	TRY(files_probe(d));
	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		struct task *t = d->tree.tasks[i];

		if (t->state == TASK_DEAD)
			continue;
		TRY(mem_track_look(d, t));
		TRY(mem_look(d, t, t->probe));
		TRY(file_vmas_look(d, t));
	}
	return NULL;
}

static struct err *dump_check(void *arg)
{
	struct dump_op *op = arg;

	return PTR_TAKE(op->d.blockers);
}

static struct err *dump_inject(void *arg)
{
	static const struct inject_hook hook = { mem_track_inject };
	struct dump_op *op = arg;

	for (size_t i = 0; i < op->d.tree.nr_tasks; i++) {
		struct task *t = op->d.tree.tasks[i];
		bool wants = t->state != TASK_DEAD && mem_track_wants_inject(&op->d, t);

		TRY(task_inject(&op->d, t, wants ? &hook : NULL));
	}
	return NULL;
}

static struct err *dump_begin_marks(void *arg)
{
	struct dump_op *op = arg;

	return mem_track_begin(&op->d);
}

static struct err *dump_tasks(void *arg)
{
	struct dump_op *op = arg;

	for (size_t i = 0; i < op->d.tree.nr_tasks; i++)
		TRY(task_write(&op->d, op->d.tree.tasks[i]));
	TRY(tree_write(&op->d));
	return seccomp_write(&op->d);
}

static struct err *dump_files(void *arg)
{
	struct dump_op *op = arg;

	return files_dump(&op->d);
}

static void dump_files_undo(void *arg)
{
	struct dump_op *op = arg;

	files_dump_undo(&op->d);
}

static uint64_t expected_pages(const struct dump *d)
{
	uint64_t nr = 0;

	for (size_t i = 0; i < d->tree.nr_tasks; i++)
		if (d->tree.tasks[i]->state != TASK_DEAD)
			nr += mem_dump_expected(d->tree.tasks[i]);
	return nr;
}

static struct err *dump_memory(struct dump *d)
{
	for (size_t i = 0; i < d->tree.nr_tasks; i++)
		if (d->tree.tasks[i]->state != TASK_DEAD)
			TRY(mem_dump_task(d, d->tree.tasks[i], d->tree.tasks[i]->probe));
	return mem_dump_shared(d);
}

static struct err *dump_pages(void *arg)
{
	struct dump_op *op = arg;
	struct err *e;

	progress_begin(&op->progress, "dump", expected_pages(&op->d));
	e = dump_memory(&op->d);
	progress_end(&op->progress);
	return e;
}

static struct err *dump_commit(void *arg)
{
	struct dump_op *op = arg;
	InventoryEntry inv = INVENTORY_ENTRY__INIT;
	PluginsEntry plugins = PLUGINS_ENTRY__INIT;

	inv.img_version = 2;
	inv.has_fdinfo_per_id = inv.fdinfo_per_id = true;
	inv.has_ns_per_id = inv.ns_per_id = true;
	inv.root_ids = ns_own_ids(op->d.arena);
	inv.has_lsmtype = true;
	inv.lsmtype = LSMTYPE__NO_LSM;
	/* Present and empty: no plugin is needed.  Absent would make CRIU load all it has. */
	inv.plugins_entry = &plugins;
	inv.has_tcp_close = inv.tcp_close = op->d.opts->tcp_close;
	TRY(iteration_fill(&op->d, &inv, clock_us() - freezer_frozen_at(op->d.freezer)));
	return image_dir_commit(op->d.images, &inv);
}

static struct err *dump_release(void *arg)
{
	struct dump_op *op = arg;
	struct dump *d = &op->d;

	TRY(scripts_run(d->opts, SCRIPT_POST_DUMP, image_dir_fd(d->images), d->opts->tree,
			&op->script_status));
	/*
	 * Somebody still needs the tree: --leave-running, or a script that was not content.  As with CRIU, a
	 * tree that runs on finds its directories as they were, without the names of --link-remap.
	 */
	if (d->opts->final == FINAL_RUNNING || op->script_status) {
		files_dump_undo(d);
		TRY(thaw_tree(d));
	} else if (d->opts->final == FINAL_STOPPED) {
		TRY(stop_tree(d));
	} else {
		TRY(kill_tree(d));
		mem_track_forget(d);
		return NULL;
	}
	mem_track_keep(d);
	return NULL;
}

static const struct step dump_steps[] = {
	{ .name = "probe-kernel", .run = dump_probe_kernel },
	{ .name = "open-images", .run = dump_open_images, .undo = dump_discard_images },
	{ .name = "open-tracker", .run = dump_open_tracker },
	{ .name = "pre-dump-script", .run = dump_pre_script },
	{ .name = "prepare-pages", .run = dump_prepare_pages },
	{ .name = "freeze", .run = dump_freeze, .undo = dump_thaw },
	{ .name = "look", .run = dump_look },
	{ .name = "check", .run = dump_check },
	{ .name = "inject", .run = dump_inject },
	{ .name = "tasks", .run = dump_tasks },
	{ .name = "marks", .run = dump_begin_marks },
	{ .name = "pages", .run = dump_pages },
	/* Makes hard links when told to (--link-remap), so as late as can be. */
	{ .name = "files", .run = dump_files, .undo = dump_files_undo },
	{ .name = "commit", .run = dump_commit },
	{ .name = "release", .run = dump_release },
};

/* It was made for a dump that kills the tree. */
static void tell_prediction(const struct dump_op *op)
{
	const struct options *opts = op->d.opts;
	uint64_t predicted_us = iteration_prediction(image_dir_parent(op->d.images));
	double ms = (double)op->stats.frozen_us / 1000;

	if (!predicted_us || opts->final != FINAL_DEFAULT || op->script_status)
		return;
	log_info("flow", opts->tree, "frozen %.1f ms, predicted %.1f ms", ms,
		 (double)predicted_us / 1000);
	if (opts->display_stats)
		printf("frozen %.1f ms, predicted %.1f ms\n", ms, (double)predicted_us / 1000);
}

static struct err *dump_with(struct dump_op *op)
{
	const struct options *opts = op->d.opts;
	const struct steps_control control = { opts->stop_before, opts->stop_after, opts->fail_at };

	TRY(steps_run(dump_steps, ARRAY_SIZE(dump_steps), &control, op));
	auto_dedup_dumped(opts, op->d.images);
	log_info("flow", opts->tree, "dumped tasks=%zu pages=%lu shared-pages=%lu frozen-us=%lu",
		 op->d.tree.nr_tasks, op->stats.pages_written, op->stats.shpages_written,
		 op->stats.frozen_us);
	TRY(dump_stats_save(opts, AT_FDCWD, &op->stats));
	tell_prediction(op);
	return NULL;
}

struct err *dump_run(const struct options *opts, int *exit_status_out)
{
	struct dump_op op = { .d.opts = opts };
	struct err *e;

	op.d.arena = arena_new();
	op.d.kernel = &op.kernel;
	op.d.stats = &op.stats;
	op.d.progress = &op.progress;
	e = dump_with(&op);
	if (op.d.blockers)
		err_drop(op.d.blockers, "the dump has another failure");
	mem_track_close(&op.d);
	tree_close(&op.d);
	image_dir_close(op.d.images);
	arena_free(op.d.arena);
	if (!e && op.script_status)
		*exit_status_out = op.script_status;
	return e;
}
