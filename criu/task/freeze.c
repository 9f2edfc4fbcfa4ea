// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freezing a tree that changes while we look at it:
 *  1. we list tasks, see A;  2. A forks B;  3. we stop A;  4. B is not listed, runs on.
 * So passes over the whole tree are repeated until one, begun when all known threads stood, finds nobody
 * new: a stopped task cannot fork, and whoever it had forked was in that pass's lists.
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
#include "proc/status.h"

#include "task/freeze_priv.h"
#include "task/task.h"

#ifndef PTRACE_O_SUSPEND_SECCOMP
#define PTRACE_O_SUSPEND_SECCOMP (1 << 21)
#endif

enum {
	THREAD_LISTS = 8, /* in one pass; a thread storm is left to the next pass */
	TICK_NS = 20000000,
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

static struct err *find_children(struct freezer *f, struct frozen_task *t, int dirfd, struct pass *p)
{
	struct pid_list children;

	for (size_t i = 0; i < t->nr_threads; i++) {
		struct err *e = proc_thread_children(dirfd, t->threads[i]->tid, f->scratch, &children);

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
 * When a group stop began or ended while we attached, some threads saw it and others did not.  All are made to say
 * again what they are in; on the way they run nothing of their own.  The same takes away a second request to
 * stop that came too late.
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
 * The last look at every thread: a stop that was reported may be over, since SIGKILL and a sibling's execve end
 * it.  Setting options tells, and is due anyway: while threads still ran, their filters were not suspended.
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

static struct err *too_late(const struct freezer *f)
{
	return err_hint(err_new(ERR_SYS, "cannot freeze the tree of task %d in %u s: it makes tasks faster than "
				"they can be stopped", f->root_pid, f->opts->timeout_s),
			"put the tree into a cgroup of its own and pass --freeze-cgroup");
}

/*
 * One quiet pass is enough for a tree that did not change.  When tasks ended meanwhile, their children moved to
 * an ancestor whose list the pass may have read before, so a second one must be quiet too.
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
			return too_late(f);
	}
}

/*
 * In a frozen group nobody forks.  v2: traps are taken inside the freezer.  v1: a frozen task cannot trap, so the
 * group is let go when all were asked to; each then stops before it runs anything of its own.
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
		return err_new(ERR_GONE, "cannot freeze the tree: its root, task %d, has ended", f->root_pid);
	return NULL;
}

static struct err *refuse_ancestors(pid_t root)
{
	struct proc_stat st;

	for (pid_t pid = getpid(); pid > 1; pid = st.ppid) {
		if (pid == root)
			return err_hint(err_new(ERR_USAGE, "cannot dump task %d: this tool runs below it", root),
					"start the tool from outside the tree, for example with setsid");
		TRY(proc_stat_read_pid(pid, &st));
	}
	return NULL;
}

static struct err *refuse_thread(pid_t pid)
{
	struct arena *a = arena_new();
	struct proc_status st;
	AUTO_FD dirfd = -1;
	struct err *e;

	e = proc_open(pid, &dirfd);
	if (!e)
		e = proc_status_read(dirfd, a, &st);
	arena_free(a);
	TRY(e);
	if (st.tgid == pid)
		return NULL;
	return err_hint(err_new(ERR_USAGE, "cannot dump task %d: it is a thread of task %d", pid, st.tgid),
			"pass -t %d", st.tgid);
}

static struct err *check_root(pid_t pid)
{
	struct proc_stat st;
	struct err *e;

	if (pid <= 0)
		return err_hint(err_new(ERR_USAGE, "cannot dump task %d: no such number", pid), "pass -t PID");
	if (pid == 1)
		return err_hint(err_new(ERR_UNSUPPORTED, "cannot dump task 1: it is the init of this system"),
				"name a task below it, or run the tool outside the container");
	e = proc_stat_read_pid(pid, &st);
	if (e && err_code(e) == ERR_GONE) {
		err_drop(e, "said with more words");
		return err_hint(err_new(ERR_GONE, "cannot dump task %d: there is no such task", pid),
				"look for its number with ps");
	}
	TRY(e);
	if (st.flags & PROC_PF_KTHREAD)
		return err_new(ERR_UNSUPPORTED, "cannot dump task %d (%s): it is a thread of the kernel", pid,
			       st.comm);
	if (st.state == 'Z' && st.nr_threads > 1)
		return freezer_leader_ended(pid);
	if (st.state == 'Z')
		return err_hint(err_new(ERR_UNSUPPORTED, "cannot dump task %d (%s): it has ended", pid, st.comm),
				"dump its parent %d", st.ppid);
	TRY(refuse_thread(pid));
	return refuse_ancestors(pid);
}

static void link_task(struct freezer *f, struct frozen_task *t)
{
	struct frozen_task *parent;

	if (t->pid == f->root_pid)
		return;
	parent = freezer_find(f, t->ppid)->task;
	t->parent = parent;
	if (parent->last_child)
		parent->last_child->next_sibling = t;
	else
		parent->first_child = t;
	parent->last_child = t;
}

static void make_task(struct dump *d, struct frozen_task *from)
{
	struct task *t = tree_add(&d->tree, d->arena, from->parent ? from->parent->task : NULL);

	from->task = t;
	t->host_pid = t->ns_pid = from->pid;
	t->pgid = from->pgid;
	t->sid = from->sid;
	t->nr_threads = from->kind == KIND_ZOMBIE ? 1 : from->nr_threads;
	t->threads = arena_array(d->arena, t->nr_threads, sizeof(*t->threads));
	for (size_t i = 0; i < t->nr_threads; i++) {
		pid_t tid = from->kind == KIND_ZOMBIE ? from->pid : from->threads[i]->tid;

		t->threads[i].task = t;
		t->threads[i].host_tid = t->threads[i].ns_tid = tid;
	}
	if (from->kind == KIND_ZOMBIE) {
		t->state = TASK_DEAD;
	} else if (from->leader->stop_signal != SIGTRAP) {
		t->state = TASK_STOPPED;
		t->stop_signal = from->leader->stop_signal;
	} else {
		t->state = TASK_ALIVE;
	}
}

/* Depth first: a task, its children, then its next sibling. */
static struct frozen_task *next_in_tree(struct frozen_task *t)
{
	if (t->first_child)
		return t->first_child;
	while (t && !t->next_sibling)
		t = t->parent;
	return t ? t->next_sibling : NULL;
}

static struct err *make_tree(struct dump *d, struct freezer *f)
{
	size_t nr_threads = 0;

	for (size_t i = 0; i < f->nr_tasks; i++)
		link_task(f, f->tasks[i]);
	for (struct frozen_task *t = freezer_find(f, f->root_pid)->task; t; t = next_in_tree(t)) {
		make_task(d, t);
		nr_threads += t->task->nr_threads;
	}
	BUG_ON(d->tree.nr_tasks != f->nr_tasks);
	log_info("task", f->root_pid, "frozen: tasks=%zu threads=%zu us=%lu", f->nr_tasks, nr_threads,
		 f->frozen_us - f->started_us);
	return NULL;
}

static struct err *freeze_and_list(struct dump *d, struct freezer *f)
{
	TRY(freeze_all(f));
	f->frozen_us = clock_us();
	if (d->stats)
		d->stats->freezing_us = f->frozen_us - f->started_us;
	return make_tree(d, f);
}

static struct freezer *freezer_new(struct dump *d)
{
	struct freezer *f = ARENA_NEW(d->arena, struct freezer);

	f->arena = d->arena;
	f->opts = d->opts;
	f->root_pid = d->opts->tree;
	f->suspends_seccomp = true;
	f->started_us = clock_us();
	f->deadline_us = d->opts->timeout_s ? f->started_us + d->opts->timeout_s * 1000000ull : UINT64_MAX;
	return f;
}

struct freeze_signals {
	sigset_t mask;
	struct sigaction alarm;
	timer_t timer;
};

static struct err *signals_start(struct freezer *f, struct freeze_signals *old)
{
	struct sigaction action = { .sa_sigaction = freezer_on_tick, .sa_flags = SA_SIGINFO };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM,
				  .sigev_value.sival_ptr = f };
	struct itimerspec tick = { { .tv_nsec = TICK_NS }, { .tv_nsec = TICK_NS } };
	sigset_t set;

	if (timer_create(CLOCK_MONOTONIC, &event, &old->timer))
		return err_sys(errno, "cannot make a timer");
	/* Blocked, it wakes us from sigtimedwait at each stop. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old->mask);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaction(SIGALRM, &action, &old->alarm);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	timer_settime(old->timer, 0, &tick, NULL);
	return NULL;
}

static void signals_end(const struct freeze_signals *old)
{
	timer_delete(old->timer);
	sigaction(SIGALRM, &old->alarm, NULL);
	sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

struct err *freeze_tree(struct dump *d)
{
	struct freezer *f = freezer_new(d);
	struct freeze_signals old;
	struct err *e;

	TRY(check_root(f->root_pid));
	if (!f->opts->freeze_cgroup)
		TRY(cgroup_refuse_frozen(f->root_pid));
	TRY(signals_start(f, &old));
	e = freeze_and_list(d, f);
	signals_end(&old);
	if (!e) {
		d->freezer = f;
		return NULL;
	}
	cgroup_freezer_end(&f->cgroup);
	freezer_release(f);
	d->tree = (struct tree){ 0 };
	return e;
}
