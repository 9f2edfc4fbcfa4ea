/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_MOUNTINFO_H
#define PROC_MOUNTINFO_H

/* /proc/PID/mountinfo, see proc_pid_mountinfo(5). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct proc_mount {
	int mnt_id, parent_id;
	uint32_t dev_major, dev_minor;
	const char *root; /* octal escapes are decoded in all texts */
	const char *mountpoint;
	const char *options;
	int shared_id; /* peer group; 0: none, as for the next two */
	int master_id;
	int propagate_from;
	bool is_unbindable;
	const char *fs_type;
	const char *source;
	const char *fs_options;
};

struct proc_mounts {
	struct proc_mount
		*list; /* the order of the file: a parent comes before what is mounted on it */
	size_t nr;
};

/* Texts are lent from the arena. */
MUST_USE struct err *proc_mounts_parse(const char *text, size_t len, struct arena *a,
				       struct proc_mounts *out);
MUST_USE struct err *proc_mounts_read(int dirfd, struct arena *a, struct proc_mounts *out);
/* By mount id, or NULL. */
const struct proc_mount *proc_mounts_find(const struct proc_mounts *m, int mnt_id);

#endif
