// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which kernel objects are the same.  A set is a treap ordered by kcmp(2), whose order is total for as long
 * as the objects live; random priorities keep it flat whatever that order looks like.
 */
#include "task/kobj.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "task/task.h"

struct kobj_node {
	struct kobj_node *child[2]; /* less, greater */
	pid_t host_pid;
	int fd;
	uint32_t value;
	uint32_t priority;
};

static const char *const kind_name[] = {
	[KOBJ_FILE] = "open files",	    [KOBJ_VM] = "address spaces",
	[KOBJ_FILES] = "descriptor tables", [KOBJ_FS] = "directories",
	[KOBJ_SIGHAND] = "signal handlers",
};

static uint32_t next_priority(struct kobj_set *s)
{
	s->seed = s->seed * 1664525u + 1013904223u;
	return s->seed ^ (s->seed >> 16);
}

/* 0 equal, 1 less, 2 greater; 3 (not ordered) never comes from this kernel interface on one host. */
static struct err *compare(const struct kobj_set *s, pid_t pid, int fd, const struct kobj_node *n,
			   int *order_out)
{
	long order = syscall(SYS_kcmp, pid, n->host_pid, s->kind, (long)fd, (long)n->fd);

	if (order < 0 && errno == ENOSYS)
		return err_hint(err_new(ERR_KERNEL, "cannot compare %s of tasks: no kcmp(2)",
					kind_name[s->kind]),
				"use a kernel with CONFIG_KCMP");
	if (order < 0)
		return err_sys(errno, "cannot compare %s of tasks %d and %d", kind_name[s->kind],
			       pid, n->host_pid);
	if (order > 2)
		return err_new(ERR_KERNEL, "cannot order %s of tasks %d and %d", kind_name[s->kind],
			       pid, n->host_pid);
	*order_out = (int)order;
	return NULL;
}

static void rotate_up(struct kobj_node **link, int side)
{
	struct kobj_node *top = *link, *up = top->child[side];

	top->child[side] = up->child[!side];
	up->child[!side] = top;
	*link = up;
}

static struct err *insert(struct kobj_set *s, struct kobj_node **link, const struct kobj_node *what,
			  uint32_t *known_out)
{
	struct kobj_node *n = *link;
	int order = 0, side;

	if (!n) {
		*link = arena_memdup(s->arena, what, sizeof(*what));
		(*link)->priority = next_priority(s);
		*known_out = what->value;
		return NULL;
	}
	TRY(compare(s, what->host_pid, what->fd, n, &order));
	if (!order) {
		*known_out = n->value;
		return NULL;
	}
	side = order == 2;
	TRY(insert(s, &n->child[side], what, known_out));
	if (n->child[side]->priority > n->priority)
		rotate_up(link, side);
	return NULL;
}

struct err *kobj_set_add(struct kobj_set *s, pid_t host_pid, int fd, uint32_t value,
			 uint32_t *known_out)
{
	const struct kobj_node what = { .host_pid = host_pid, .fd = fd, .value = value };

	return insert(s, &s->root, &what, known_out);
}

struct err *kobj_same_file(pid_t pid, int fd, pid_t other_pid, int other_fd, bool *out)
{
	const struct kobj_set s = { .kind = KOBJ_FILE };
	const struct kobj_node n = { .host_pid = other_pid, .fd = other_fd };
	int order = 0;

	TRY(compare(&s, pid, fd, &n, &order));
	*out = !order;
	return NULL;
}

struct err *kobj_is_watched(pid_t pid, int fd, pid_t epoll_pid, int epfd, uint32_t tfd,
			    uint32_t nth, bool *out)
{
	struct kcmp_epoll_slot slot = { .efd = (uint32_t)epfd, .tfd = tfd, .toff = nth };
	long order = syscall(SYS_kcmp, pid, epoll_pid, KCMP_EPOLL_TFD, (long)fd, (long)&slot);

	if (order < 0)
		return err_sys(errno, "cannot ask what fd %d of task %d watches as fd %u", epfd,
			       epoll_pid, tfd);
	*out = !order;
	return NULL;
}

static struct err *assign(struct kobj_set *s, const struct task *t, uint32_t *next,
			  uint32_t *id_out)
{
	TRY(kobj_set_add(s, t->host_pid, 0, *next, id_out));
	if (*id_out == *next)
		(*next)++;
	return NULL;
}

struct err *kobj_ids_assign(struct dump *d)
{
	struct kobj_set vm = { .arena = d->arena, .kind = KOBJ_VM };
	struct kobj_set files = { .arena = d->arena, .kind = KOBJ_FILES };
	struct kobj_set fs = { .arena = d->arena, .kind = KOBJ_FS };
	struct kobj_set sighand = { .arena = d->arena, .kind = KOBJ_SIGHAND };
	uint32_t next_vm = 2, next_files = 2, next_fs = 2, next_sighand = 2;

	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		struct task *t = d->tree.tasks[i];

		if (t->state == TASK_DEAD)
			continue;
		if (!t->ids)
			t->ids = PB_NEW(d->arena, TaskKobjIdsEntry, task_kobj_ids_entry);
		TRY(assign(&vm, t, &next_vm, &t->ids->vm_id));
		TRY(assign(&files, t, &next_files, &t->ids->files_id));
		TRY(assign(&fs, t, &next_fs, &t->ids->fs_id));
		TRY(assign(&sighand, t, &next_sighand, &t->ids->sighand_id));
	}
	return NULL;
}
