/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_CGROUP_H
#define PROC_CGROUP_H

/* /proc/PID/cgroup: one line for each hierarchy. */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct proc_cgroup {
	unsigned int hierarchy;	 /* 0: cgroup v2 */
	const char *controllers; /* "cpu,cpuacct", "name=systemd"; "" for v2 */
	const char *path;	 /* from the root of our cgroup namespace; starts with '/' */
	bool is_deleted;	 /* the group is gone: " (deleted)" is cut off */
};

struct proc_cgroups {
	struct proc_cgroup *list;
	size_t nr;
};

/* Texts are lent from the arena. */
MUST_USE struct err *proc_cgroups_parse(const char *text, size_t len, struct arena *a,
					struct proc_cgroups *out);
MUST_USE struct err *proc_cgroups_read(int dirfd, struct arena *a, struct proc_cgroups *out);
/* The group in the hierarchy that has @controller ("freezer"; "" for v2), or NULL. */
const struct proc_cgroup *proc_cgroups_find(const struct proc_cgroups *c, const char *controller);

#endif
