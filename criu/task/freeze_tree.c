// SPDX-License-Identifier: GPL-2.0-only
/* The two ends of a freeze: which root is accepted, and the tree made of the freezer's table. */
#include "task/freeze_priv.h"

#include <signal.h>
#include <unistd.h>

#include "base/log.h"

#include "proc/pid.h"
#include "proc/stat.h"
#include "proc/status.h"

#include "task/task.h"

static struct err *refuse_ancestors(pid_t root)
{
	struct proc_stat st;

	for (pid_t pid = getpid(); pid > 1; pid = st.ppid) {
		if (pid == root)
			return err_hint(
				err_new(ERR_USAGE, "cannot dump task %d: this tool runs below it",
					root),
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
	return err_hint(err_new(ERR_USAGE, "cannot dump task %d: it is a thread of task %d", pid,
				st.tgid),
			"pass -t %d", st.tgid);
}

struct err *freezer_check_root(pid_t pid)
{
	struct proc_stat st;
	struct err *e;

	if (pid <= 0)
		return err_hint(err_new(ERR_USAGE, "cannot dump task %d: no such number", pid),
				"pass -t PID");
	if (pid == 1)
		return err_hint(err_new(ERR_UNSUPPORTED,
					"cannot dump task 1: it is the init of this system"),
				"name a task below it, or run the tool outside the container");
	e = proc_stat_read_pid(pid, &st);
	if (e && err_code(e) == ERR_GONE) {
		err_drop(e, "said with more words");
		return err_hint(err_new(ERR_GONE, "cannot dump task %d: there is no such task",
					pid),
				"look for its number with ps");
	}
	TRY(e);
	if (st.flags & PROC_PF_KTHREAD)
		return err_new(ERR_UNSUPPORTED,
			       "cannot dump task %d (%s): it is a thread of the kernel", pid,
			       st.comm);
	if (st.state == 'Z' && st.nr_threads > 1)
		return freezer_leader_ended(pid);
	if (st.state == 'Z')
		return err_hint(err_new(ERR_UNSUPPORTED, "cannot dump task %d (%s): it has ended",
					pid, st.comm),
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

struct err *freezer_make_tree(struct dump *d, struct freezer *f)
{
	size_t nr_threads = 0;

	for (size_t i = 0; i < f->nr_tasks; i++)
		link_task(f, f->tasks[i]);
	for (struct frozen_task *t = freezer_find(f, f->root_pid)->task; t; t = next_in_tree(t)) {
		make_task(d, t);
		nr_threads += t->task->nr_threads;
	}
	BUG_ON(d->tree.nr_tasks != f->nr_tasks);
	log_info("task", f->root_pid, "frozen: tasks=%zu threads=%zu us=%lu", f->nr_tasks,
		 nr_threads, f->frozen_us - f->started_us);
	return NULL;
}
