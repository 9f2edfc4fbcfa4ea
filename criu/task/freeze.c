// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freezing a tree that changes while we look at it:
 *  1. we list tasks, see A;  2. A forks B;  3. we stop A;  4. B is not listed, runs on.
 * So passes over the whole tree are repeated until one, begun when all known threads stood, finds
 * nobody new: a stopped task cannot fork, and whoever it had forked was in that pass's lists.
 */
#include "task/freeze.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/options.h"
#include "base/stats.h"

#include "proc/pid.h"
#include "proc/stat.h"

#include "task/freeze_priv.h"
#include "task/task.h"

#ifndef PTRACE_O_SUSPEND_SECCOMP
#define PTRACE_O_SUSPEND_SECCOMP (1 << 21)
#endif

enum {
	THREAD_LISTS = 8, /* in one pass; a thread storm is left to the next pass */
	FEW_THREADS = 16,
};

/* What one pass found that makes another one necessary. */
struct pass {
	size_t nr_found;
	bool has_ending;
};

static bool all_stopped(const struct frozen_task *t)
{
	for (size_t i = 0; i < t->nr_threads; i++) {
		if (t->threads[i]->state != THREAD_STOPPED)
			return false;
	}
	return t->nr_threads > 0;
}

static struct err *seize_new_threads(struct freezer *f, struct frozen_task *t, int dirfd,
				     size_t *nr_new)
{
	struct pid_list tids;

	*nr_new = 0;
	TRY(proc_threads(dirfd, f->scratch, &tids));
	for (size_t i = 0; i < tids.nr; i++) {
		size_t nr_before = t->nr_threads;

		if (freezer_find(f, tids.pids[i]))
			continue;
		TRY(freezer_seize(f, t, tids.pids[i]));
		*nr_new += t->nr_threads - nr_before;
	}
	return NULL;
}

static struct err *find_threads(struct freezer *f, struct frozen_task *t, int dirfd, struct pass *p)
{
	size_t nr_new = 1;

	for (int i = 0; i < THREAD_LISTS && nr_new; i++) {
		TRY(seize_new_threads(f, t, dirfd, &nr_new));
		p->nr_found += nr_new;
	}
	return NULL;
}

static struct err *find_child(struct freezer *f, pid_t pid, struct pass *p)
{
	struct frozen_task *t;

	if (freezer_find(f, pid))
		return NULL;
	if (pid == getpid())
		return err_new(ERR_USAGE, "cannot dump the tree: this tool is in it");
	t = freezer_add_task(f, pid);
	TRY(freezer_seize(f, t, pid));
	if (t->kind == KIND_GONE)
		f->saw_change = true;
	else
		p->nr_found++;
	return NULL;
}

static struct err *find_children(struct freezer *f, struct frozen_task *t, int dirfd,
				 struct pass *p)
{
	struct pid_list children;

	for (size_t i = 0; i < t->nr_threads; i++) {
		struct err *e = proc_thread_children(dirfd, t->threads[i]->tid, f->scratch,
						     &children);

		if (e && err_code(e) == ERR_GONE) {
			err_drop(e, "a thread may end meanwhile");
			continue;
		}
		TRY(e);
		for (size_t k = 0; k < children.nr; k++)
			TRY(find_child(f, children.pids[k], p));
	}
	return NULL;
}

/* Takes out of the table what has left the tree, or never was in it. */
static void let_stranger_go(struct freezer *f, struct frozen_task *t, struct pass *p)
{
	log_debug("task", t->pid, "is not of the tree any more: parent=%d", t->ppid);
	for (size_t i = 0; i < t->nr_threads; i++)
		ptrace(PTRACE_DETACH, t->threads[i]->tid, 0, 0);
	/* Takes the other threads along. */
	freezer_drop_thread(f, t->leader);
	p->nr_found++;
}

/* @t stands, so what its stat says is final, except for a parent that ends. */
static void take_stat(struct freezer *f, struct frozen_task *t, const struct proc_stat *st,
		      struct pass *p)
{
	const struct frozen_thread *parent = freezer_find(f, st->ppid);

	t->ppid = st->ppid;
	t->pgid = st->pgrp;
	t->sid = st->sid;
	t->is_known = true;
	if (t->pid != f->root_pid && (!parent || parent->task->kind != KIND_LIVE))
		let_stranger_go(f, t, p);
}

static struct err *look_at_live(struct freezer *f, struct frozen_task *t, struct pass *p)
{
	bool is_still = all_stopped(t), has_new = true;
	struct proc_stat st;
	AUTO_FD dirfd = -1;

	TRY(proc_open(t->pid, &dirfd));
	if (is_still) {
		TRY(proc_stat_read(dirfd, &st));
		take_stat(f, t, &st, p);
		/* The kernel's count saves reading a directory of thousands. */
		has_new = st.nr_threads != t->nr_threads;
	}
	if (has_new)
		TRY(find_threads(f, t, dirfd, p));
	/*
	 * The lists of running threads are read only to find children soon; those of thousands are
	 * not worth it.
	 */
	if (!is_still && t->nr_threads > FEW_THREADS)
		return NULL;
	return find_children(f, t, dirfd, p);
}

/* A zombie stays one while its parent stands; before that, its number may be used anew. */
static void look_at_zombie(struct freezer *f, struct frozen_task *t, struct pass *p)
{
	struct proc_stat st;
	struct err *e = proc_stat_read_pid(t->pid, &st);

	if (!e && st.state == 'Z') {
		take_stat(f, t, &st, p);
		return;
	}
	err_drop(e, "the zombie was waited for");
	freezer_drop_thread(f, t->leader);
	p->nr_found++;
}

static struct err *look_at(struct freezer *f, struct frozen_task *t, struct pass *p)
{
	struct err *e;

	switch (t->kind) {
	case KIND_LIVE:
		e = look_at_live(f, t, p);
		if (!e || err_code(e) != ERR_GONE)
			return e;
		err_drop(e, "the wait for it will tell");
		p->nr_found++;
		return NULL;
	case KIND_ZOMBIE:
		look_at_zombie(f, t, p);
		return NULL;
	case KIND_ENDING:
		p->has_ending = true;
		TRY(freezer_check_ending(t));
		if (t->kind == KIND_GONE)
			freezer_drop_thread(f, t->leader);
		return NULL;
	case KIND_GONE:
		break;
	}
	return NULL;
}

static void forget_gone(struct freezer *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->nr_tasks; i++) {
		if (f->tasks[i]->kind != KIND_GONE)
			f->tasks[kept++] = f->tasks[i];
	}
	f->nr_tasks = kept;
}

/* New tasks are looked at in the same pass: the list grows under the loop. */
static struct err *run_pass(struct freezer *f, struct pass *p)
{
	struct err *e = NULL;

	*p = (struct pass){ 0 };
	forget_gone(f);
	f->scratch = arena_new();
	for (size_t i = 0; i < f->nr_tasks && !e; i++)
		e = look_at(f, f->tasks[i], p);
	arena_free(f->scratch);
	f->scratch = NULL;
	return e;
}

static struct err *wait_stopped(struct freezer *f)
{
	struct err *e;

	f->scratch = arena_new();
	e = freezer_wait(f);
	arena_free(f->scratch);
	f->scratch = NULL;
	return e;
}

static bool set_options(struct freezer *f, pid_t tid)
{
	long options = PTRACE_O_TRACESYSGOOD;

	if (f->suspends_seccomp) {
		if (!ptrace(PTRACE_SETOPTIONS, tid, 0, options | PTRACE_O_SUSPEND_SECCOMP))
			return true;
		if (errno == ESRCH)
			return false;
		f->suspends_seccomp = false;
	}
	return !ptrace(PTRACE_SETOPTIONS, tid, 0, options);
}

static bool must_ask_again(const struct frozen_task *t)
{
	bool must = false;

	for (size_t i = 0; i < t->nr_threads; i++)
		must |= t->threads[i]->stop_signal != t->threads[0]->stop_signal ||
			t->threads[i]->was_asked_twice;
	return must;
}

/*
 * When a group stop began or ended while we attached, some threads saw it and others did not.  All
 * are made to say again what they are in; on the way they run nothing of their own.  The same takes
 * away a second request to stop that came too late.
 */
static bool ask_again(struct freezer *f, struct frozen_task *t)
{
	if (!must_ask_again(t))
		return false;
	for (size_t i = 0; i < t->nr_threads; i++) {
		t->threads[i]->was_asked_twice = false;
		freezer_interrupt(t->threads[i]);
		ptrace(PTRACE_CONT, t->threads[i]->tid, 0, 0);
		freezer_pend(f, t->threads[i]);
	}
	return true;
}

/*
 * The last look at every thread: a stop that was reported may be over, since SIGKILL and a
 * sibling's execve end it.  Setting options tells, and is due anyway: while threads still ran,
 * their filters were not suspended.
 */
static bool confirm_stops(struct freezer *f)
{
	bool is_still = true;

	for (size_t i = 0; i < f->nr_tasks; i++) {
		struct frozen_task *t = f->tasks[i];

		if (t->kind == KIND_LIVE && ask_again(f, t)) {
			is_still = false;
			continue;
		}
		for (size_t k = 0; k < t->nr_threads; k++) {
			if (set_options(f, t->threads[k]->tid))
				continue;
			freezer_pend(f, t->threads[k]);
			is_still = false;
		}
	}
	return is_still;
}

/*
 * One quiet pass is enough for a tree that did not change.  When tasks ended meanwhile, their
 * children moved to an ancestor whose list the pass may have read before, so a second one must be
 * quiet too.
 */
static struct err *freeze_passes(struct freezer *f)
{
	size_t nr_quiet = 0;
	struct pass p;

	for (;;) {
		bool was_still = !f->nr_pending;

		TRY(run_pass(f, &p));
		if (was_still && !p.nr_found && !p.has_ending) {
			if (++nr_quiet <= f->saw_change)
				continue;
			if (confirm_stops(f))
				return NULL;
		}
		nr_quiet = 0;
		TRY(wait_stopped(f));
		if (p.has_ending)
			usleep(1000);
		if (clock_us() >= f->deadline_us)
			return freezer_too_late(f);
	}
}

/*
 * In a frozen group nobody forks.  v2: traps are taken inside the freezer.  v1: a frozen task
 * cannot trap, so the group is let go when all were asked to; each then stops before it runs
 * anything of its own.
 */
static struct err *freeze_by_cgroup(struct freezer *f)
{
	struct pass p = { .nr_found = 1 };

	TRY(cgroup_freezer_start(&f->cgroup, f->opts->freeze_cgroup, f->deadline_us));
	while (!f->cgroup.is_v2 && p.nr_found)
		TRY(run_pass(f, &p));
	if (f->cgroup.is_v2)
		TRY(freeze_passes(f));
	return cgroup_freezer_thaw(&f->cgroup);
}

static struct err *freeze_all(struct freezer *f)
{
	const struct frozen_thread *leader;

	if (f->opts->freeze_cgroup) {
		freezer_add_task(f, f->root_pid);
		TRY(freeze_by_cgroup(f));
	}
	if (!freezer_find(f, f->root_pid))
		TRY(freezer_seize(f, freezer_add_task(f, f->root_pid), f->root_pid));
	TRY(freeze_passes(f));
	leader = freezer_find(f, f->root_pid);
	if (!leader || leader->task->kind != KIND_LIVE)
		return err_new(ERR_GONE, "cannot freeze the tree: its root, task %d, has ended",
			       f->root_pid);
	return NULL;
}

static struct err *freeze_and_list(struct dump *d, struct freezer *f)
{
	TRY(freeze_all(f));
	f->frozen_us = clock_us();
	if (d->stats)
		d->stats->freezing_us = f->frozen_us - f->started_us;
	return freezer_make_tree(d, f);
}

static struct freezer *freezer_new(struct dump *d)
{
	struct freezer *f = ARENA_NEW(d->arena, struct freezer);

	f->arena = d->arena;
	f->opts = d->opts;
	f->root_pid = d->opts->tree;
	f->suspends_seccomp = true;
	f->started_us = clock_us();
	f->deadline_us = d->opts->timeout_s ? f->started_us + d->opts->timeout_s * 1000000ull :
					      UINT64_MAX;
	return f;
}

struct freeze_signals {
	sigset_t mask;
	struct sigaction alarm;
};

static struct err *signals_start(struct freezer *f, struct freeze_signals *old)
{
	struct sigaction action = { .sa_sigaction = freezer_on_tick, .sa_flags = SA_SIGINFO };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGALRM,
				  .sigev_value.sival_ptr = f };
	sigset_t set;

	if (timer_create(CLOCK_MONOTONIC, &event, &f->timer))
		return err_sys(errno, "cannot make a timer");
	/* Blocked, it wakes us from sigtimedwait at each stop. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old->mask);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaction(SIGALRM, &action, &old->alarm);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	freezer_arm_tick(f);
	return NULL;
}

static void signals_end(struct freezer *f, const struct freeze_signals *old)
{
	timer_delete(f->timer);
	sigaction(SIGALRM, &old->alarm, NULL);
	sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

struct err *freeze_tree(struct dump *d)
{
	struct freezer *f = freezer_new(d);
	struct freeze_signals old;
	struct err *e;

	TRY(freezer_check_root(f->root_pid));
	if (!f->opts->freeze_cgroup)
		TRY(cgroup_refuse_frozen(f->root_pid));
	TRY(signals_start(f, &old));
	e = freeze_and_list(d, f);
	signals_end(f, &old);
	if (!e) {
		d->freezer = f;
		return NULL;
	}
	cgroup_freezer_end(&f->cgroup);
	freezer_release(f);
	d->tree = (struct tree){ 0 };
	return e;
}
