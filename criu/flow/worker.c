/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way of a worker from its birth to the restorer.  It is a fork made by a raw clone3(2), so the
 * C library's idea of the thread id is its maker's; nothing here uses it.
 *
 * The order, and why:
 *  1. memory, before children are forked: they inherit its frames;
 *  2. descriptors that children inherit; children of the old session; setsid; the other children;
 *  3. all wait until the coordinator has attached to all (from then on PTRACE_O_EXITKILL ends
 *     everybody if the tool dies, before that PR_SET_PDEATHSIG does);
 *  4. process groups; helpers and zombies end;
 *  5. descriptors, what /proc sets, root and cwd; 6. the restorer.
 *
 * All signals are blocked from before the fork until the commit.
 */
#include "flow/worker.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/options.h"
#include "base/progress.h"
#include "files/files.h"
#include "flow/restorer.h"
#include "flow/zombie.h"
#include "mem/restore.h"
#include "task/restore_parts.h"
#include "task/restore_read.h"
#include "task/stage.h"

static struct err *fork_born(struct restore *r, struct born *b, bool as_sibling);

/*
 * The parent's death ends us until the coordinator is attached.  One that died before we asked for
 * that is not our parent any more, which its number tells: the plan knows it.
 */
static void end_with_parent(struct restore *r, const struct born *b)
{
	pid_t parent = b->parent ? b->parent->pid : stage_coordinator(r->stage);

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent) {
		stage_set_failed(r->stage, b->slot);
		syscall(SYS_exit_group, 1);
	}
}

static struct err *fork_made(struct restore *r, struct born *b, bool early)
{
	for (size_t i = early ? 0 : b->nr_early; i < (early ? b->nr_early : b->nr_made); i++)
		TRY(fork_born(r, b->made[i], b->made[i]->as_sibling));
	return NULL;
}

/* Its bridge ends, and it comes to where it belongs. */
static struct err *wait_for_parent(struct restore *r, const struct born *b)
{
	const struct timespec part = { .tv_nsec = 200000 };

	if (!b->is_orphan)
		return NULL;
	for (int tries = 0; getppid() != b->parent->pid; tries++) {
		if (stage_coordinator_ended(r->stage))
			syscall(SYS_exit_group, 1);
		if (tries == 50000)
			return err_new(ERR_UNSUPPORTED,
				       "orphan %d came to process %d instead of %d", b->pid,
				       getppid(), b->parent->pid);
		nanosleep(&part, NULL);
	}
	end_with_parent(r, b);
	return NULL;
}

/* @w is NULL for a helper; a session whose leader has ended has no terminal. */
static struct err *join_session(struct restore *r, struct worker *w, struct born *b)
{
	if (b->takes_orphans && prctl(PR_SET_CHILD_SUBREAPER, 1))
		return err_sys(errno, "cannot become a child subreaper");
	/* Siblings that it makes get the parent that it has then. */
	TRY(wait_for_parent(r, b));
	TRY(fork_made(r, b, true));
	if (b->does_setsid && setsid() < 0)
		return err_sys(errno, "cannot start session %d", b->pid);
	if (b->does_setsid && w)
		TRY(files_restore_session(w));
	/* Leads its own group before anybody can want to join it. */
	if (!b->does_setsid && (b->pgid == b->pid || b->lends_group) && setpgid(0, 0))
		return err_sys(errno, "cannot start process group %d", b->pid);
	return fork_made(r, b, false);
}

static struct err *enter_group(const struct born *b)
{
	if (b->pgid != b->pid && b->pgid != getpgrp() && setpgid(0, b->pgid))
		return err_sys(errno, "cannot join process group %d", b->pgid);
	return NULL;
}

static struct err *join_group(struct restore *r, const struct born *b)
{
	TRY(stage_wait_open(r->stage, WORKER_STAGE_SEIZED));
	if (!b->lends_group)
		TRY(enter_group(b));
	TRY(stage_meet_all(r->stage));
	if (!r->born->has_lenders)
		return NULL;
	if (b->lends_group)
		TRY(enter_group(b));
	return stage_meet_all(r->stage);
}

/* Helpers among the children have ended and are gone; zombies have ended and stay. */
static struct err *wait_for_children(const struct born *b)
{
	for (size_t i = 0; i < b->nr_children; i++) {
		const struct born *c = b->children[i];
		int keep = c->task ? WNOWAIT : 0;
		siginfo_t info;

		if (c->task && task_is_live(c->task))
			continue;
		if (waitid(P_PID, c->pid, &info, WEXITED | __WALL | keep))
			return err_sys(errno, "cannot wait for process %d", c->pid);
	}
	return NULL;
}

static void report_counters(struct worker *w)
{
	struct mem_counters c = mem_restore_counters(w);
	struct stage_slot *slot = stage_slot(w->restore->stage, w->task->index);

	slot->pages_restored = c.pages_restored;
	slot->pages_compared = c.pages_compared;
	slot->pages_skipped_cow = c.pages_skipped_cow;
}

static struct err *become_task(struct worker *w, struct born *b)
{
	struct restore *r = w->restore;
	int exe_fd;

	TRY(mem_restore_worker(w));
	report_counters(w);
	TRY(files_restore_early(w));
	TRY(join_session(r, w, b));
	stage_born(r->stage, b->slot);
	TRY(join_group(r, b));
	if (prctl(PR_SET_PDEATHSIG, 0))
		return err_sys(errno, "cannot take back the signal at the parent's death");
	TRY(wait_for_children(b));
	TRY(restorer_prepare(w, &exe_fd));
	TRY(files_restore_worker(w));
	TRY(restore_parts_apply(w));
	TRY(files_restore_fs(w));
	return restorer_enter(w, exe_fd);
}

static struct err *become_helper(struct restore *r, struct born *b)
{
	TRY(join_session(r, NULL, b));
	stage_born(r->stage, b->slot);
	if (!b->is_bridge) {
		TRY(join_group(r, b));
		TRY(wait_for_children(b));
	}
	syscall(SYS_exit_group, 0);
	return NULL;
}

static struct err *become_zombie(struct restore *r, struct born *b)
{
	TRY(join_session(r, NULL, b));
	stage_born(r->stage, b->slot);
	TRY(join_group(r, b));
	TRY(wait_for_children(b));
	return zombie_die(b->task);
}

static __attribute__((noreturn)) void worker_main(struct restore *r, struct born *b)
{
	struct worker w = { .restore = r, .task = b->task, .fd_floor = files_fd_floor(r) };
	struct err *e;

	progress_mute(r->progress);
	stage_started(r->stage, b->slot);
	/*
	 * A sibling of the coordinator has another parent, and an orphan's is going to die: these
	 * look after the coordinator while they wait.
	 */
	if (!b->is_orphan && (b->parent || !r->opts->restore_sibling))
		end_with_parent(r, b);
	if (!b->task)
		e = become_helper(r, b);
	else if (!task_is_live(b->task))
		e = become_zombie(r, b);
	else
		e = become_task(&w, b);
	stage_give_up(r->stage, b->slot, e);
}

static uint64_t sharing_flags(const struct task *t)
{
	uint64_t flags = 0;

	if (!t || !t->parent || !t->ids)
		return 0;
	if (t->ids->files_id == t->parent->ids->files_id)
		flags |= CLONE_FILES;
	if (t->ids->fs_id == t->parent->ids->fs_id)
		flags |= CLONE_FS;
	return flags;
}

/* What the parent gets when this one ends; ours is the tool, which waits for SIGCHLD. */
static int exit_signal_of(const struct born *b)
{
	const TaskCoreEntry *tc = b->task && b->parent ? b->task->threads[0].core->tc : NULL;

	return tc && tc->has_exit_signal ? (int)tc->exit_signal : SIGCHLD;
}

static struct err *fork_failed(int errnum, pid_t pid)
{
	struct err *e = err_sys(errnum, "cannot make a process with pid %d", pid);

	if (errnum == EEXIST)
		return err_hint(e, "end what has this number (also as a session or process group), "
				   "or restore in a "
				   "new pid namespace");
	if (errnum == EPERM)
		return err_hint(e, "give the tool CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN");
	if (errnum == EINVAL)
		return err_hint(e, "raise kernel.pid_max: the number may be above it; and pid 1 "
				   "must be the first in "
				   "its pid namespace");
	return e;
}

static struct err *fork_born(struct restore *r, struct born *b, bool as_sibling)
{
	pid_t want = b->pid;
	struct clone_args args = {
		.flags = sharing_flags(b->task) | (as_sibling ? CLONE_PARENT : 0),
		/* With CLONE_PARENT it is the maker's own. */
		.exit_signal = as_sibling ? 0 : exit_signal_of(b),
		.set_tid = (uint64_t)(uintptr_t)&want,
		.set_tid_size = 1,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		return fork_failed(errno, want);
	if (!pid)
		worker_main(r, b);
	return NULL;
}

struct err *worker_fork_first(struct restore *r, bool as_sibling)
{
	return fork_born(r, r->born->first, as_sibling);
}
