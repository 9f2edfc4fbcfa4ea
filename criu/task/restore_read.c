/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the task tree of an image set.  Nothing here makes anything; what is not plausible is
 * refused with the name of the file.
 */
#include "task/restore_read.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/options.h"
#include "image/dir.h"
#include "task/restore_parts.h"

/* PID_MAX_LIMIT of 64-bit Linux. */
enum { PID_LIMIT = 4194304 };

static bool pid_is_valid(uint32_t pid)
{
	return pid > 0 && pid <= PID_LIMIT;
}

const char *task_restore_name(struct arena *a, const struct task *t)
{
	const CoreEntry *core = t->threads ? t->threads->core : NULL;

	if (core && core->tc && core->tc->comm)
		return arena_printf(a, "%d (%s)", t->ns_pid, core->tc->comm);
	return arena_printf(a, "%d", t->ns_pid);
}

static struct err *check_inventory(struct restore *r)
{
	const InventoryEntry *inv = image_dir_inventory(r->images);

	if (inv->img_version == 0)
		return err_hint(
			err_new(ERR_IMAGE,
				"inventory.img: this is a pre-dump, which holds memory only"),
			"restore the full dump that followed it");
	if (inv->img_version != 1 && inv->img_version != 2)
		return err_new(ERR_IMAGE, "inventory.img: version %u is not known",
			       inv->img_version);
	if (!inv->has_fdinfo_per_id || !inv->fdinfo_per_id)
		return err_new(ERR_IMAGE,
			       "inventory.img: descriptor tables per process are not supported");
	if (!inv->root_ids)
		return err_new(ERR_IMAGE, "inventory.img: root_ids is missing");
	if (inv->tcp_close && !r->opts->tcp_close)
		return err_hint(err_new(ERR_USAGE,
					"the set was dumped with --tcp-close, without what "
					"TCP connections need"),
				"pass --tcp-close to restore them as closed");
	return NULL;
}

/* ---- pstree.img ---- */

static struct err *find_parent(const struct tree *tree, const struct image_stream *s,
			       const PstreeEntry *rec, struct task *last, struct task **out)
{
	if (!rec->ppid) {
		if (tree->root)
			return image_stream_err(s, "a second root task %u", rec->pid);
		return NULL;
	}
	/* Depth first: the parent is an ancestor of the last one, or it. */
	for (struct task *t = last; t; t = t->parent) {
		if (t->ns_pid == (pid_t)rec->ppid) {
			*out = t;
			return NULL;
		}
	}
	*out = tree_find(tree, rec->ppid);
	if (!*out)
		return image_stream_err(s, "parent %u of task %u does not stand before it",
					rec->ppid, rec->pid);
	return NULL;
}

static struct err *check_entry(const struct image_stream *s, const PstreeEntry *rec)
{
	if (!pid_is_valid(rec->pid))
		return image_stream_err(s, "pid %u is out of range", rec->pid);
	if (rec->pgid > PID_LIMIT || rec->sid > PID_LIMIT)
		return image_stream_err(s, "group %u or session %u of task %u is out of range",
					rec->pgid, rec->sid, rec->pid);
	if (rec->n_threads > PID_LIMIT)
		return image_stream_err(s, "task %u has %zu threads", rec->pid, rec->n_threads);
	return NULL;
}

static struct err *add_threads(struct restore *r, struct task *t, const struct image_stream *s,
			       const PstreeEntry *rec)
{
	size_t nr = rec->n_threads ? rec->n_threads : 1;

	t->threads = arena_array(r->arena, nr, sizeof(*t->threads));
	t->nr_threads = nr;
	t->threads[0].task = t;
	t->threads[0].ns_tid = t->ns_pid;
	for (size_t i = 1; i < nr; i++) {
		if (!pid_is_valid(rec->threads[i]))
			return image_stream_err(s, "thread id %u of task %u is out of range",
						rec->threads[i], rec->pid);
		t->threads[i].task = t;
		t->threads[i].ns_tid = rec->threads[i];
	}
	return NULL;
}

static struct err *read_pstree(struct restore *r)
{
	AUTO_STREAM struct image_stream *s = NULL;
	struct task *last = NULL;

	TRY(image_open(r->images, IMAGE_PSTREE, 0, &s));
	for (;;) {
		struct task *parent = NULL;
		ProtobufCMessage *msg = NULL;
		const PstreeEntry *rec;

		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			break;
		rec = (const PstreeEntry *)msg;
		TRY(check_entry(s, rec));
		TRY(find_parent(&r->tree, s, rec, last, &parent));
		last = tree_add(&r->tree, r->arena, parent);
		last->ns_pid = rec->pid;
		last->pgid = rec->pgid;
		last->sid = rec->sid;
		TRY(add_threads(r, last, s, rec));
		if (rec->n_threads && rec->threads[0] != rec->pid)
			/* Only zombies may have that; known when the core is read. */
			last->threads[0].host_tid = -1;
	}
	if (!r->tree.root)
		return err_new(ERR_IMAGE, "pstree.img: no task");
	return NULL;
}

static int cmp_pid(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return x < y ? -1 : x > y;
}

static struct err *check_unique(struct restore *r)
{
	AUTO_FREE pid_t *all = NULL;
	size_t nr = 0;

	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		nr += r->tree.tasks[i]->nr_threads;
	all = calloc(nr, sizeof(*all));
	if (!all)
		return err_new(ERR_NOMEM, "cannot compare %zu thread ids", nr);
	nr = 0;
	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		for (size_t k = 0; k < r->tree.tasks[i]->nr_threads; k++)
			all[nr++] = r->tree.tasks[i]->threads[k].ns_tid;
	qsort(all, nr, sizeof(*all), cmp_pid);
	for (size_t i = 1; i < nr; i++)
		if (all[i] == all[i - 1])
			return err_new(ERR_IMAGE, "pstree.img: the number %d is there twice",
				       all[i]);
	return NULL;
}

/* ---- core-PID.img ---- */

static struct err *check_live_core(const CoreEntry *core, pid_t tid)
{
	if (core->mtype != CORE_ENTRY__MARCH__X86_64)
		return err_new(ERR_IMAGE, "core-%d.img: made for another kind of CPU (%d)", tid,
			       core->mtype);
	if (!core->thread_info || !core->thread_core)
		return err_new(ERR_IMAGE, "core-%d.img: thread_info or thread_core is missing",
			       tid);
	if (!core->thread_info->gpregs || !core->thread_info->fpregs)
		return err_new(ERR_IMAGE, "core-%d.img: registers are missing", tid);
	if (!core->thread_core->creds)
		return err_new(ERR_IMAGE, "core-%d.img: creds is missing", tid);
	return NULL;
}

static struct err *read_thread_core(struct restore *r, struct thread *th)
{
	TRY(IMAGE_READ(r->images, IMAGE_CORE, th->ns_tid, r->arena, &th->core));
	TRY(check_live_core(th->core, th->ns_tid));
	if (th->core->tc || th->core->ids)
		return err_new(ERR_IMAGE, "core-%d.img: a thread has the state of a process",
			       th->ns_tid);
	return NULL;
}

static struct err *read_dead(struct task *t)
{
	/* CRIU 4.2 writes any number here. */
	t->nr_threads = 1;
	t->threads[0].host_tid = 0;
	if (t->first_child)
		return err_new(ERR_IMAGE, "pstree.img: the dead task %d has children", t->ns_pid);
	return NULL;
}

static struct err *read_live(struct restore *r, struct task *t)
{
	if (t->threads[0].host_tid == -1)
		return err_new(ERR_IMAGE,
			       "pstree.img: the first thread of task %d is not its leader",
			       t->ns_pid);
	TRY(check_live_core(t->threads[0].core, t->ns_pid));
	for (size_t i = 1; i < t->nr_threads; i++)
		TRY(read_thread_core(r, &t->threads[i]));
	if (image_exists(r->images, IMAGE_IDS, t->ns_pid))
		return IMAGE_READ(r->images, IMAGE_IDS, t->ns_pid, r->arena, &t->ids);
	t->ids = t->threads[0].core->ids;
	if (!t->ids)
		return err_new(ERR_IMAGE, "ids-%d.img is missing", t->ns_pid);
	return NULL;
}

static struct err *read_task(struct restore *r, struct task *t)
{
	const TaskCoreEntry *tc;

	TRY(IMAGE_READ(r->images, IMAGE_CORE, t->ns_pid, r->arena, &t->threads[0].core));
	tc = t->threads[0].core->tc;
	if (!tc)
		return err_new(ERR_IMAGE, "core-%d.img: tc is missing", t->ns_pid);
	t->state = tc->task_state;
	switch (tc->task_state) {
	case TASK_DEAD:
		return read_dead(t);
	case TASK_ALIVE:
	case TASK_STOPPED:
		return read_live(r, t);
	default:
		return err_new(ERR_IMAGE, "core-%d.img: task_state %u is not known", t->ns_pid,
			       tc->task_state);
	}
}

/* ---- ids-PID.img ---- */

struct ns_field {
	const char *name;
	size_t has, value;
};

#define NS_FIELD(n)                                              \
	{                                                        \
#n, offsetof(TaskKobjIdsEntry, has_##n##_ns_id), \
			offsetof(TaskKobjIdsEntry, n##_ns_id)    \
	}

static const struct ns_field ns_fields[] = {
	NS_FIELD(pid), NS_FIELD(net),  NS_FIELD(ipc),  NS_FIELD(uts),
	NS_FIELD(mnt), NS_FIELD(user), NS_FIELD(time),
};

static uint32_t ns_value(const TaskKobjIdsEntry *ids, const struct ns_field *f)
{
	bool has = *(const protobuf_c_boolean *)((const char *)ids + f->has);

	return has ? *(const uint32_t *)((const char *)ids + f->value) : 0;
}

static struct err *check_namespaces(const struct restore *r, const struct task *t)
{
	const TaskKobjIdsEntry *outside = image_dir_inventory(r->images)->root_ids;

	for (size_t i = 0; i < ARRAY_SIZE(ns_fields); i++) {
		if (ns_value(t->ids, &ns_fields[i]) == ns_value(outside, &ns_fields[i]))
			continue;
		return err_hint(
			err_new(ERR_UNSUPPORTED,
				"task %d was in a %s namespace of its own: not supported yet",
				t->ns_pid, ns_fields[i].name),
			"dump the tree from inside its namespaces");
	}
	return NULL;
}

/* An object shared between processes: which task has it first. */
struct owner {
	uint32_t id;
	struct task *task;
};

static int cmp_owner(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->task->index < y->task->index ? -1 : x->task->index > y->task->index;
}

typedef uint32_t id_of(const TaskKobjIdsEntry *ids);

static uint32_t vm_id(const TaskKobjIdsEntry *ids)
{
	return ids->vm_id;
}

static uint32_t sighand_id(const TaskKobjIdsEntry *ids)
{
	return ids->sighand_id;
}

static uint32_t files_id(const TaskKobjIdsEntry *ids)
{
	return ids->files_id;
}

static uint32_t fs_id(const TaskKobjIdsEntry *ids)
{
	return ids->fs_id;
}

/*
 * Equal ids are allowed between a task and its parent only, and for @with_parent false not at all.
 */
static struct err *check_sharing(struct owner *list, size_t nr, struct task *const *tasks,
				 id_of *get, const char *name, bool with_parent)
{
	size_t used = 0;

	for (size_t i = 0; i < nr; i++)
		if (tasks[i]->ids)
			list[used++] = (struct owner){ get(tasks[i]->ids), tasks[i] };
	qsort(list, used, sizeof(*list), cmp_owner);
	for (size_t i = 1; i < used; i++) {
		const struct task *t = list[i].task;

		if (list[i].id != list[i - 1].id)
			continue;
		if (with_parent && t->parent && t->parent->ids && get(t->parent->ids) == list[i].id)
			continue;
		return err_new(ERR_IMAGE,
			       "ids-%d.img: %s %u is also that of task %d, which is not its parent",
			       t->ns_pid, name, list[i].id, list[i - 1].task->ns_pid);
	}
	return NULL;
}

static struct err *check_ids(struct restore *r)
{
	size_t nr = r->tree.nr_tasks;
	AUTO_FREE struct owner *list = calloc(nr, sizeof(*list));

	if (!list)
		return err_new(ERR_NOMEM, "cannot compare the ids of %zu tasks", nr);
	if (!task_is_live(r->tree.root))
		return err_new(ERR_IMAGE, "core-%d.img: the root task is dead",
			       r->tree.root->ns_pid);
	for (size_t i = 0; i < nr; i++)
		if (task_is_live(r->tree.tasks[i]))
			TRY(check_namespaces(r, r->tree.tasks[i]));
	TRY(check_sharing(list, nr, r->tree.tasks, vm_id, "vm_id", false));
	TRY(check_sharing(list, nr, r->tree.tasks, sighand_id, "sighand_id", false));
	TRY(check_sharing(list, nr, r->tree.tasks, files_id, "files_id", true));
	return check_sharing(list, nr, r->tree.tasks, fs_id, "fs_id", true);
}

static uint32_t cg_set_of(const struct task *t)
{
	const CoreEntry *core = t->threads[0].core;

	if (core->thread_core && core->thread_core->has_cg_set)
		return core->thread_core->cg_set;
	return core->tc->has_cg_set ? core->tc->cg_set : 0;
}

/* Cgroups come later: what is lost is said. */
static void warn_of_cgroups(const struct restore *r)
{
	const InventoryEntry *inv = image_dir_inventory(r->images);

	for (size_t i = 0; i < r->tree.nr_tasks; i++) {
		uint32_t set = cg_set_of(r->tree.tasks[i]);

		if (!set || !inv->has_root_cg_set || set == inv->root_cg_set)
			continue;
		log_warn(
			"task", r->tree.tasks[i]->ns_pid,
			"the tree was in other cgroups; it is restored into those of this process");
		return;
	}
}

struct err *task_restore_read(struct restore *r)
{
	TRY(check_inventory(r));
	TRY(read_pstree(r));
	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		TRY(read_task(r, r->tree.tasks[i]));
	TRY(check_unique(r));
	TRY(check_ids(r));
	warn_of_cgroups(r);
	return restore_parts_check(r);
}
