/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Namespaces.  This version dumps trees that live in the tool's own namespaces; all others are refused.
 */
#include "ns/ns.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "task/part.h"

/* In CRIU's order of numbering: images/README.md. */
static const char *const ns_names[] = {
	"pid", "net", "ipc", "uts", "time", "mnt", "user", "cgroup"
};

static const struct {
	uint32_t cflag;
	size_t id, has_id; /* in TaskKobjIdsEntry */
} ns_kinds[] = {
#define NS(flag, name)                                                 \
	{                                                              \
		flag, offsetof(TaskKobjIdsEntry, name##_ns_id),        \
			offsetof(TaskKobjIdsEntry, has_##name##_ns_id) \
	}
	NS(CLONE_NEWPID, pid),	 NS(CLONE_NEWNET, net),	      NS(CLONE_NEWIPC, ipc),
	NS(CLONE_NEWUTS, uts),	 NS(CLONE_NEWTIME, time),     NS(CLONE_NEWNS, mnt),
	NS(CLONE_NEWUSER, user), NS(CLONE_NEWCGROUP, cgroup),
#undef NS
};

#define LINK_LEN 64

struct own_links {
	char text[ARRAY_SIZE(ns_names)][LINK_LEN];
};

/* A kernel without a kind of namespace has no link for it. */
static void link_read(int dirfd, const char *name, char out[LINK_LEN])
{
	struct err *e = link_read_at(dirfd, out, LINK_LEN, "ns/%s", name);

	if (e) {
		out[0] = '\0';
		err_drop(e, "no such namespace here");
	}
}

static void ids_fill(TaskKobjIdsEntry *ids)
{
	uint32_t *const id[] = { &ids->pid_ns_id,  &ids->net_ns_id,   &ids->ipc_ns_id,
				 &ids->uts_ns_id,  &ids->time_ns_id,  &ids->mnt_ns_id,
				 &ids->user_ns_id, &ids->cgroup_ns_id };

	for (uint32_t i = 0; i < ARRAY_SIZE(id); i++)
		*id[i] = i + 1;
	ids->has_pid_ns_id = ids->has_net_ns_id = ids->has_ipc_ns_id = ids->has_uts_ns_id = true;
	ids->has_time_ns_id = ids->has_mnt_ns_id = ids->has_user_ns_id = ids->has_cgroup_ns_id =
		true;
}

static void task_look_ns(struct dump *d, const struct task *t, const struct own_links *own)
{
	char link[LINK_LEN];

	for (size_t i = 0; i < ARRAY_SIZE(ns_names); i++) {
		link_read(t->probe->dirfd, ns_names[i], link);
		if (!strcmp(link, own->text[i]))
			continue;
		d->blockers = err_join(
			d->blockers,
			err_hint(
				err_new(ERR_UNSUPPORTED,
					"task %d lives in another %s namespace (%s) than criu-lite",
					t->host_pid, ns_names[i], link),
				"run criu-lite inside it (nsenter --target %d --%s): namespaces "
				"are "
				"not dumped yet",
				t->host_pid, strcmp(ns_names[i], "mnt") ? ns_names[i] : "mount"));
	}
}

struct err *ns_look(struct dump *d)
{
	struct own_links own;
	AUTO_FD self = -1;

	TRY(fd_open_at(AT_FDCWD, O_PATH | O_DIRECTORY, &self, "/proc/self"));
	for (size_t i = 0; i < ARRAY_SIZE(ns_names); i++)
		link_read(self, ns_names[i], own.text[i]);
	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		struct task *t = d->tree.tasks[i];

		if (t->state == TASK_DEAD)
			continue;
		task_look_ns(d, t, &own);
		ids_fill(t->ids);
	}
	return NULL;
}

TaskKobjIdsEntry *ns_own_ids(struct arena *a)
{
	TaskKobjIdsEntry *ids = PB_NEW(a, TaskKobjIdsEntry, task_kobj_ids_entry);

	ids->vm_id = ids->files_id = ids->fs_id = ids->sighand_id = 1;
	ids_fill(ids);
	return ids;
}

bool ns_is_own(const char *text, uint32_t *id_out, uint32_t *cflag_out)
{
	char path[LINK_LEN], link[LINK_LEN];
	ssize_t len;

	for (uint32_t i = 0; i < ARRAY_SIZE(ns_names); i++) {
		if (strncmp(text, ns_names[i], strlen(ns_names[i])))
			continue;
		snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_names[i]);
		len = readlink(path, link, sizeof(link) - 1);
		if (len < 0 || strlen(text) != (size_t)len || strncmp(text, link, (size_t)len))
			continue;
		*id_out = i + 1;
		*cflag_out = ns_kinds[i].cflag;
		return true;
	}
	return false;
}

const char *ns_of_task(const struct task *t, uint32_t id, uint32_t cflag)
{
	for (size_t i = 0; i < ARRAY_SIZE(ns_kinds); i++) {
		const char *ids = (const char *)t->ids;
		uint32_t own;

		if (ns_kinds[i].cflag != cflag || !ids)
			continue;
		memcpy(&own, ids + ns_kinds[i].id, sizeof(own));
		if (*(const protobuf_c_boolean *)(ids + ns_kinds[i].has_id) && own == id)
			return ns_names[i];
	}
	return NULL;
}
