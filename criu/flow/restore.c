/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The restore as a list of steps.  Nothing is made before "prepare": what can be refused is refused
 * in front of it. "resume" is the point of no return; whatever fails before it is undone in
 * reverse, and nothing is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

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
#include "flow/pidfile.h"
#include "flow/restore_tree.h"
#include "flow/scripts.h"
#include "flow/stats.h"
#include "image/dir.h"
#include "kernel/features.h"
#include "mem/restore.h"
#include "task/born.h"
#include "task/restore_read.h"
#include "task/stage.h"

struct restore_op {
	struct restore r;
	struct restore_tree tree;
	struct kernel_features kernel;
	struct restore_stats stats;
	struct progress progress;
	uint64_t started_us;
	int root_status;   /* wait status of the root task, foreground */
	sigset_t own_mask; /* of the tool, while requests to end are held */
	bool holds_signals;
};

static struct err *restore_probe_kernel(void *arg)
{
	struct restore_op *op = arg;

	fd_limit_raise();
	return kernel_require(&op->kernel, kernel_set_restore, kernel_nr_set_restore);
}

static struct err *restore_open_images(void *arg)
{
	struct restore_op *op = arg;

	TRY(scripts_check(op->r.opts));
	TRY(pidfile_check(op->r.opts));
	return image_dir_open(op->r.opts->images_dir, &op->r.images);
}

static struct err *restore_read_tree(void *arg)
{
	struct restore_op *op = arg;
	const struct mem_hooks hooks = {
		.open_file = files_open_by_id,
		.find_file = files_find,
		.fd_floor = files_fd_floor,
	};

	TRY(task_restore_read(&op->r));
	TRY(mem_restore_new(&op->r, &hooks));
	TRY(mem_restore_read(&op->r));
	return files_read(&op->r);
}

static struct err *restore_link(void *arg)
{
	struct restore_op *op = arg;

	TRY(mem_restore_link(&op->r));
	return born_plan_make(&op->r);
}

static struct err *restore_check_pids(void *arg)
{
	struct restore_op *op = arg;

	return born_check_pids(&op->r);
}

static struct err *restore_pre_script(void *arg)
{
	struct restore_op *op = arg;

	return scripts_run(op->r.opts, SCRIPT_PRE_RESTORE, image_dir_fd(op->r.images), 0, NULL);
}

/* The tool's own descriptors make room for those of the tasks. */
static struct err *move_descriptors(struct restore *r)
{
	int floor = files_fd_floor(r);
	int log = fcntl(log_fd(), F_DUPFD_CLOEXEC, floor);

	if (log < 0)
		return err_sys(errno, "cannot move the log to descriptor %d or above", floor);
	log_use_fd(log);
	return image_dir_move_up(r->images, floor);
}

/*
 * A request to end (Ctrl-C, timeout(1)) must not leave files behind: from here on it is looked for
 * while we wait, and ends the restore as any failure does.
 */
static void signals_hold(struct restore_op *op)
{
	sigset_t set;

	restore_tree_interrupts(&set);
	op->holds_signals = !sigprocmask(SIG_BLOCK, &set, &op->own_mask);
}

static void signals_release(struct restore_op *op)
{
	if (op->holds_signals)
		sigprocmask(SIG_SETMASK, &op->own_mask, NULL);
	op->holds_signals = false;
}

static void restore_unprepare(void *arg)
{
	struct restore_op *op = arg;

	if (op->r.files)
		files_restore_undo(&op->r);
	if (op->r.mem)
		mem_restore_drop(&op->r);
}

static struct err *prepare(struct restore *r)
{
	TRY(move_descriptors(r));
	TRY(files_prepare(r));
	progress_begin(r->progress, "restore", mem_restore_nr_pages(r));
	TRY(mem_restore_prepare(r));
	TRY(stage_new(r->born->nr, r->born->nr_workers, r->born->nr - r->born->nr_bridges,
		      files_fd_floor(r), &r->stage));
	progress_share(r->progress, &stage_common(r->stage)->pages_done);
	return NULL;
}

static struct err *restore_prepare(void *arg)
{
	struct restore_op *op = arg;
	struct err *e;

	signals_hold(op);
	e = prepare(&op->r);
	if (e) {
		progress_end(&op->progress);
		restore_unprepare(op);
	}
	return e;
}

static void restore_kill(void *arg)
{
	struct restore_op *op = arg;

	restore_tree_kill(&op->tree);
}

static struct err *restore_make_tree(void *arg)
{
	struct restore_op *op = arg;
	uint64_t start = clock_us();
	struct err *e = restore_tree_make(&op->tree);

	/* Memory was filled before the tree was whole. */
	progress_end(&op->progress);
	if (e)
		restore_tree_kill(&op->tree);
	op->stats.forking_us = clock_us() - start;
	return e;
}

static struct err *restore_ready(void *arg)
{
	struct restore_op *op = arg;

	TRY(mem_restore_seal(&op->r));
	TRY(restore_tree_ready(&op->tree));
	return files_restore_finish(&op->r);
}

static struct err *restore_commit(void *arg)
{
	struct restore_op *op = arg;

	return restore_tree_commit(&op->tree);
}

static struct err *restore_post_script(void *arg)
{
	struct restore_op *op = arg;
	const struct restore *r = &op->r;
	pid_t root = r->tree.root->host_pid;
	struct err *e;

	TRY(pidfile_write(r->opts, root));
	e = scripts_run(r->opts, SCRIPT_POST_RESTORE, image_dir_fd(r->images), root, NULL);
	if (e)
		pidfile_remove(r->opts, root);
	return e;
}

static void restore_remove_pidfile(void *arg)
{
	struct restore_op *op = arg;

	if (op->r.tree.root)
		pidfile_remove(op->r.opts, op->r.tree.root->host_pid);
}

static void count_pages(struct restore_op *op)
{
	for (size_t i = 0; i < op->r.tree.nr_tasks; i++) {
		const struct stage_slot *slot = stage_slot(op->r.stage, i);

		op->stats.pages_restored += slot->pages_restored;
		op->stats.pages_compared += slot->pages_compared;
		op->stats.pages_skipped_cow += slot->pages_skipped_cow;
	}
}

static struct err *restore_resume(void *arg)
{
	struct restore_op *op = arg;
	struct restore *r = &op->r;
	pid_t root = r->tree.root->host_pid;

	TRY(scripts_run(r->opts, SCRIPT_PRE_RESUME, image_dir_fd(r->images), root, NULL));
	count_pages(op);
	TRY(restore_tree_resume(&op->tree));
	files_restore_commit(r);
	mem_restore_drop(r);
	op->stats.restore_us = clock_us() - op->started_us;
	auto_dedup_restored(r->opts, r->images);
	return scripts_run(r->opts, SCRIPT_POST_RESUME, image_dir_fd(r->images), root, NULL);
}

static const struct step restore_steps[] = {
	{ .name = "probe-kernel", .run = restore_probe_kernel },
	{ .name = "open-images", .run = restore_open_images },
	{ .name = "read-tree", .run = restore_read_tree },
	{ .name = "link", .run = restore_link },
	{ .name = "check-pids", .run = restore_check_pids },
	{ .name = "pre-restore-script", .run = restore_pre_script },
	{ .name = "prepare", .run = restore_prepare, .undo = restore_unprepare },
	{ .name = "tree", .run = restore_make_tree, .undo = restore_kill },
	{ .name = "restorer", .run = restore_ready },
	{ .name = "commit", .run = restore_commit },
	{ .name = "post-restore-script",
	  .run = restore_post_script,
	  .undo = restore_remove_pidfile },
	{ .name = "resume", .run = restore_resume },
};

/* With --plan everything up to here is done. */
enum { NR_PLAN_STEPS = 4 };

/* ---- --plan ---- */

static const char *state_name(const struct task *t)
{
	switch (t->state) {
	case TASK_DEAD:
		return "zombie";
	case TASK_STOPPED:
		return "stopped";
	default:
		return "runs";
	}
}

static void print_plan(struct restore *r)
{
	const struct born_plan *plan = r->born;

	printf("%zu tasks, %zu helpers\n", r->tree.nr_tasks, plan->nr_helpers);
	for (size_t i = 0; i < plan->nr; i++) {
		const struct born *b = plan->list[i];
		const struct born *maker = b->creator;

		printf("%s %s: parent %d, session %d, group %d", b->task ? "task" : "helper",
		       b->task ? task_restore_name(r->arena, b->task) :
				 arena_printf(r->arena, "%d", b->pid),
		       b->parent ? b->parent->pid : 0, b->sid, b->pgid);
		if (b->task)
			printf(", threads %zu, %s", b->task->nr_threads, state_name(b->task));
		if (maker && maker != b->parent)
			printf(", made by %d", maker->pid);
		printf("\n");
	}
}

/* ---- after the restore ---- */

/* Until all our children have ended; the root's status is kept. */
static void wait_for_tree(struct restore_op *op)
{
	pid_t root = op->r.tree.root->host_pid, pid;
	int status;

	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		if (pid == root)
			op->root_status = status;
}

static struct err *exec_command(const struct options *opts)
{
	signal(SIGCHLD, SIG_DFL);
	execvp(opts->exec_cmd[0], (char *const *)opts->exec_cmd);
	return err_hint(err_sys(errno, "cannot run \"%s\"", opts->exec_cmd[0]),
			"look at the path; the restored tree runs");
}

static struct err *stay(struct restore_op *op, int *exit_status_out)
{
	const struct options *opts = op->r.opts;
	int status;

	if (opts->exec_cmd)
		return exec_command(opts);
	if (opts->detach)
		return NULL;
	wait_for_tree(op);
	status = op->root_status;
	if (opts->exit_status)
		*exit_status_out = WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
							 WEXITSTATUS(status);
	return NULL;
}

static struct err *restore_with(struct restore_op *op, int *exit_status_out)
{
	const struct options *opts = op->r.opts;
	const struct steps_control control = { opts->stop_before, opts->stop_after, opts->fail_at };
	size_t nr = opts->plan ? NR_PLAN_STEPS : ARRAY_SIZE(restore_steps);

	TRY(steps_run(restore_steps, nr, &control, op));
	if (opts->plan) {
		print_plan(&op->r);
		return born_check_pids(&op->r);
	}
	signals_release(op);
	log_info("flow", op->r.tree.root->host_pid, "restored tasks=%zu pages=%lu us=%lu",
		 op->r.tree.nr_tasks, op->stats.pages_restored, op->stats.restore_us);
	TRY(restore_stats_save(opts, &op->stats));
	log_info("flow", 0, "%s", FLOW_RESTORE_DONE);
	TRY(status_ready(opts));
	return stay(op, exit_status_out);
}

struct err *restore_run(const struct options *opts, int *exit_status_out)
{
	struct restore_op op = { .r.opts = opts, .started_us = clock_us() };
	struct err *e;

	op.r.arena = arena_new();
	op.r.kernel = &op.kernel;
	op.r.stats = &op.stats;
	op.r.progress = &op.progress;
	op.tree.r = &op.r;
	e = restore_with(&op, exit_status_out);
	/* What was only read, when nothing came of it. */
	if (!op.tree.is_resumed)
		restore_unprepare(&op);
	signals_release(&op);
	stage_free(op.r.stage);
	image_dir_close(op.r.images);
	arena_free(op.r.arena);
	return e;
}
