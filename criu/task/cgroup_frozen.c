// SPDX-License-Identifier: GPL-2.0-only
/* Finding out that somebody has frozen the cgroup of a task. */
#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/log.h"

#include "proc/cgroup.h"
#include "proc/mountinfo.h"
#include "proc/pid.h"
#include "proc/scan.h"

#include "task/cgroup_freezer.h"

struct hierarchy {
	const char *fs_type;
	const char *controller; /* in /proc/PID/cgroup; "" for v2 */
	const char *events;	/* the file that tells */
	const char *frozen_line;
};

static const struct hierarchy hierarchies[] = {
	{ "cgroup2", "", "cgroup.events", "frozen 1" },
	/* Asked for, and on its way: also of a group above. */
	{ "cgroup2", "", "cgroup.freeze", "1" },
	{ "cgroup", "freezer", "freezer.state", "FROZEN" },
	{ "cgroup", "freezer", "freezer.state", "FREEZING" },
};

static bool options_have(const char *options, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = options; (at = strstr(at, word)); at += len) {
		if ((at == options || at[-1] == ',') && (!at[len] || at[len] == ','))
			return true;
	}
	return false;
}

/*
 * The directory of a group, or NULL if its hierarchy is not mounted here or only from a deeper
 * place.
 */
static const char *group_dir(struct arena *a, const struct proc_mounts *mounts,
			     const struct hierarchy *h, const char *group)
{
	for (size_t i = 0; i < mounts->nr; i++) {
		const struct proc_mount *m = &mounts->list[i];

		if (strcmp(m->fs_type, h->fs_type) || strcmp(m->root, "/") ||
		    (*h->controller && !options_have(m->fs_options, h->controller)))
			continue;
		return arena_printf(a, "%s%s", m->mountpoint, group);
	}
	return NULL;
}

static bool file_has_line(const char *dir, const char *name, const char *wanted)
{
	AUTO_FREE char *text = NULL;
	struct scan s, line;
	size_t len;
	struct err *e = file_slurp_at(AT_FDCWD, &text, &len, "%s/%s", dir, name);

	/* The topmost group has no such file. */
	err_drop(e, "a group that cannot be frozen");
	if (!text)
		return false;
	for (s = scan_init(text, len); scan_line(&s, &line);) {
		if (scan_is(&line, wanted))
			return true;
	}
	return false;
}

/* In the group at @dir, or in one of those above it that @group names. */
static bool is_frozen(struct arena *a, const struct hierarchy *h, const char *dir,
		      const char *group)
{
	size_t top = strlen(dir) - strlen(group);

	for (size_t len = strlen(dir); len > top; len--) {
		if (dir[len] && dir[len] != '/')
			continue;
		if (file_has_line(arena_printf(a, "%.*s", (int)len, dir), h->events,
				  h->frozen_line))
			return true;
	}
	return false;
}

static struct err *refuse_frozen(struct arena *a, pid_t pid)
{
	struct proc_cgroups groups;
	struct proc_mounts mounts;
	AUTO_FD dirfd = -1, own = -1;

	TRY(proc_open(pid, &dirfd));
	TRY(proc_cgroups_read(dirfd, a, &groups));
	TRY(proc_open(getpid(), &own));
	TRY(proc_mounts_read(own, a, &mounts));
	for (size_t i = 0; i < ARRAY_SIZE(hierarchies); i++) {
		const struct hierarchy *h = &hierarchies[i];
		const struct proc_cgroup *g = proc_cgroups_find(&groups, h->controller);
		const char *dir = g ? group_dir(a, &mounts, h, g->path) : NULL;

		if (!dir || !is_frozen(a, h, dir, g->path))
			continue;
		return err_hint(err_new(ERR_UNSUPPORTED,
					"cannot dump task %d: its cgroup \"%s\" is frozen", pid,
					g->path),
				"pass --freeze-cgroup %s, or thaw it", dir);
	}
	return NULL;
}

struct err *cgroup_refuse_frozen(pid_t pid)
{
	struct arena *a = arena_new();
	struct err *e = refuse_frozen(a, pid);

	arena_free(a);
	return e;
}
