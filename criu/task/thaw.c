// SPDX-License-Identifier: GPL-2.0-only
/* The ends of a freeze: run on, stay stopped, or die. */
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/options.h"
#include "base/stats.h"

#include "task/freeze.h"
#include "task/freeze_priv.h"
#include "task/task.h"

enum {
	RELEASE_US = 500000, /* for threads that had not stopped yet when a freeze was given up */
	KILL_US = 30000000,  /* for a SIGKILL to be obeyed */
	NAP_US = 200,
};

static void detach(struct freezer *f, struct frozen_thread *th)
{
	/* One that was killed while it stood cannot be detached but wants to be reaped. */
	if (ptrace(PTRACE_DETACH, th->tid, 0, 0) && errno == ESRCH && freezer_poll(f, th))
		return;
	th->state = THREAD_GONE;
}

static void detach_stopped(struct freezer *f)
{
	for (size_t i = 0; i < f->nr_tasks; i++) {
		struct frozen_task *t = f->tasks[i];

		for (size_t k = t->nr_threads; k-- > 0;) {
			if (k < t->nr_threads && t->threads[k]->state == THREAD_STOPPED)
				detach(f, t->threads[k]);
		}
	}
}

static void interrupt_running(struct freezer *f)
{
	for (size_t i = 0; i < f->nr_pending; i++) {
		f->pending[i]->runs_for = NULL;
		freezer_interrupt(f->pending[i]);
	}
}

/*
 * Only a tracee that stands can be detached.  Those that run are waited for a while; what is left
 * then is let go by the kernel when the tool ends.
 */
void freezer_release(struct freezer *f)
{
	uint64_t deadline = clock_us() + RELEASE_US;

	interrupt_running(f);
	detach_stopped(f);
	while (f->nr_pending && clock_us() < deadline) {
		size_t kept = 0;

		for (size_t i = 0; i < f->nr_pending; i++) {
			struct frozen_thread *th = f->pending[i];

			if (th->state == THREAD_RUNNING)
				freezer_poll(f, th);
			if (th->state == THREAD_STOPPED)
				detach(f, th);
			if (th->state == THREAD_RUNNING)
				f->pending[kept++] = th;
		}
		f->nr_pending = kept;
		if (kept)
			usleep(NAP_US);
	}
	if (f->nr_pending)
		log_warn("task", f->pending[0]->task->pid,
			 "stays attached until this tool ends: threads=%zu", f->nr_pending);
}

static void count_frozen(struct dump *d)
{
	if (d->stats)
		d->stats->frozen_us = clock_us() - d->freezer->frozen_us;
}

struct err *thaw_tree(struct dump *d)
{
	if (!d->freezer)
		return NULL;
	cgroup_freezer_end(&d->freezer->cgroup);
	freezer_release(d->freezer);
	count_frozen(d);
	d->freezer = NULL;
	return NULL;
}

struct err *stop_tree(struct dump *d)
{
	struct freezer *f = d->freezer;

	if (!f)
		return NULL;
	/* Pending before the detach, so it is taken before the task's next instruction. */
	for (size_t i = 0; i < f->nr_tasks; i++) {
		if (f->tasks[i]->kind == KIND_LIVE)
			kill(f->tasks[i]->pid, SIGSTOP);
	}
	return thaw_tree(d);
}

/* All threads are killed: reaps them as they end. */
static struct err *reap_all(struct freezer *f)
{
	uint64_t deadline = clock_us() + KILL_US;

	while (f->nr_pending) {
		size_t kept = 0;

		for (size_t i = 0; i < f->nr_pending; i++) {
			struct frozen_thread *th = f->pending[i];

			if (th->state == THREAD_RUNNING)
				freezer_poll(f, th);
			if (th->state != THREAD_GONE)
				f->pending[kept++] = th;
		}
		f->nr_pending = kept;
		if (kept && clock_us() >= deadline)
			return err_hint(
				err_new(ERR_SYS, "cannot see the end of killed task %d",
					f->pending[0]->task->pid),
				"look at what its threads wait for in /proc/%d/task/*/wchan",
				f->pending[0]->task->pid);
		if (kept)
			usleep(NAP_US);
	}
	return NULL;
}

struct err *kill_tree(struct dump *d)
{
	struct freezer *f = d->freezer;
	struct err *e;

	if (!f)
		return NULL;
	/* What follows is the end of a tree that others may take over from, and grows with its memory. */
	count_frozen(d);
	for (size_t i = 0; i < f->nr_tasks; i++) {
		struct frozen_task *t = f->tasks[i];

		if (t->kind != KIND_LIVE)
			continue;
		if (kill(t->pid, SIGKILL))
			log_debug("task", t->pid, "is gone before it was killed");
		for (size_t k = 0; k < t->nr_threads; k++)
			freezer_pend(f, t->threads[k]);
	}
	cgroup_freezer_end(&f->cgroup);
	e = reap_all(f);
	d->freezer = NULL;
	return e;
}

bool freezer_suspends_seccomp(const struct freezer *f)
{
	return f->suspends_seccomp;
}

uint64_t freezer_frozen_at(const struct freezer *f)
{
	return f->frozen_us;
}
