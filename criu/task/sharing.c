/* SPDX-License-Identifier: GPL-2.0-only */
#include "task/sharing.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "task/task.h"

static void block(struct dump *d, struct err *own_e)
{
	d->blockers = err_join(d->blockers, own_e);
}

/* First task seen with each number of one kind; numbers are small. */
struct owners {
	struct task **task;
	size_t nr;
};

static struct task *owner_get(struct dump *d, struct owners *o, uint32_t id, struct task *t)
{
	while (o->nr <= id) {
		o->task = arena_grow(d->arena, o->task, o->nr, sizeof(*o->task));
		o->task[o->nr++] = NULL;
	}
	if (!o->task[id])
		o->task[id] = t;
	return o->task[id];
}

static void refuse_shared(struct dump *d, const struct task *t, const struct task *other,
			  const char *what, const char *flag)
{
	block(d, err_hint(err_new(ERR_UNSUPPORTED, "tasks %d and %d share their %s (%s)",
				  other->host_pid, t->host_pid, what, flag),
			  "wait until one of them has called execve(2) or ended, or run the "
			  "program without %s",
			  flag));
}

static void task_look_sharing(struct dump *d, struct task *t, struct owners *vm,
			      struct owners *sighand, struct owners *files)
{
	struct task *other;

	other = owner_get(d, vm, t->ids->vm_id, t);
	if (other != t)
		refuse_shared(d, t, other, "memory", "CLONE_VM");
	other = owner_get(d, sighand, t->ids->sighand_id, t);
	if (other != t)
		refuse_shared(d, t, other, "signal handlers", "CLONE_SIGHAND");
	other = owner_get(d, files, t->ids->files_id, t);
	if (other != t &&
	    (!t->parent || !t->parent->ids || t->parent->ids->files_id != t->ids->files_id))
		refuse_shared(d, t, other, "descriptor table without the parent between them",
			      "CLONE_FILES");
}

static struct err *thread_look_sharing(struct dump *d, const struct task *t, pid_t tid)
{
	static const struct {
		int kind;
		const char *what;
		const char *flag;
	} kinds[] = {
		{ KCMP_FILES, "descriptor table", "CLONE_FILES" },
		{ KCMP_FS, "root and working directory", "CLONE_FS" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		long ret = syscall(SYS_kcmp, t->host_pid, tid, kinds[i].kind, 0, 0);

		if (ret < 0)
			return err_sys(errno, "cannot compare thread %d with task %d", tid,
				       t->host_pid);
		if (ret)
			block(d, err_hint(err_new(ERR_UNSUPPORTED,
						  "thread %d of task %d has a %s of its own "
						  "(unshare(2) with %s)",
						  tid, t->host_pid, kinds[i].what, kinds[i].flag),
					  "let the program use a process for that, or dump when "
					  "the thread has ended"));
	}
	return NULL;
}

struct err *sharing_look(struct dump *d)
{
	struct owners vm = { 0 }, sighand = { 0 }, files = { 0 };

	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		struct task *t = d->tree.tasks[i];

		if (t->state == TASK_DEAD)
			continue;
		task_look_sharing(d, t, &vm, &sighand, &files);
		for (size_t k = 1; k < t->nr_threads; k++)
			TRY(thread_look_sharing(d, t, t->threads[k].host_tid));
	}
	return NULL;
}
