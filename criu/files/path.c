// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does a path still lead to the file that is open?  The kernel's text of an open file is the path it was
 * opened by, with " (deleted)" behind it when that name is gone; another file may have the name since, and
 * the file itself may have other names.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/options.h"
#include "files/files_priv.h"

static const char deleted_suffix[] = " (deleted)";

struct path_stat {
	struct lookup_node node;
	const char *path;
	bool is_there;
	dev_t dev;
	ino_t ino;
	mode_t mode;
	dev_t rdev;
	off_t size;
};

/* lstat: a link's text never ends in a symlink unless the symlink itself is open. */
static const struct path_stat *stat_cached(struct dump *d, const char *path)
{
	struct lookup *l = &d->files->dump->by_path;
	uint64_t hash = lookup_hash_text(0, path);
	struct path_stat *ps;
	struct stat st;

	for (struct lookup_node *n = lookup_first(l, hash); n; n = lookup_next(n)) {
		ps = CONTAINER_OF(n, struct path_stat, node);
		if (!strcmp(ps->path, path))
			return ps;
	}
	ps = ARENA_NEW(d->arena, struct path_stat);
	ps->path = arena_strdup(d->arena, path);
	ps->is_there = !lstat(path, &st);
	if (ps->is_there) {
		ps->dev = st.st_dev;
		ps->ino = st.st_ino;
		ps->mode = st.st_mode;
		ps->rdev = st.st_rdev;
		ps->size = st.st_size;
	}
	lookup_add(l, &ps->node, hash);
	return ps;
}

bool path_is(struct dump *d, const char *path, const struct fd_probe *p)
{
	const struct path_stat *ps = stat_cached(d, path);

	if (!ps->is_there || ps->ino != p->st.st_ino ||
	    (ps->mode & S_IFMT) != (p->st.st_mode & S_IFMT))
		return false;
	if (ps->dev == p->st.st_dev)
		return true;
	/*
	 * Stacked file systems (overlayfs behind mappings before Linux 6.8, btrfs) answer with another device
	 * for the same file.
	 */
	return ps->size == p->st.st_size && p->st.st_nlink > 0 && major(ps->dev) == 0;
}

bool path_is_same_device(struct dump *d, const char *path, const struct fd_probe *p)
{
	const struct path_stat *ps;

	if (path[0] != '/' || !(S_ISCHR(p->st.st_mode) || S_ISBLK(p->st.st_mode)))
		return false;
	ps = stat_cached(d, path);
	return ps->is_there && ps->rdev == p->st.st_rdev &&
	       (ps->mode & S_IFMT) == (p->st.st_mode & S_IFMT);
}

/* Files of /proc get new inode numbers when the kernel forgets them. */
static bool is_on_proc(const struct fd_probe *p)
{
	AUTO_FD fd = -1;
	struct err *e = fd_probe_reopen(p, O_PATH, &fd);
	struct statfs sfs;

	if (e) {
		err_drop(e, "then it is treated as any other file");
		return false;
	}
	return !fstatfs(fd, &sfs) && sfs.f_type == PROC_SUPER_MAGIC;
}

static const char *strip_deleted(struct dump *d, const char *text)
{
	size_t len = strlen(text), cut = sizeof(deleted_suffix) - 1;

	if (len <= cut || strcmp(text + len - cut, deleted_suffix))
		return NULL;
	return arena_printf(d->arena, "%.*s", (int)(len - cut), text);
}

static struct err *proc_path(struct dump *d, const struct fd_probe *p, const char *path,
			     const char **name_out)
{
	if (!stat_cached(d, path)->is_there)
		return err_hint(fd_probe_refuse(p, "the task whose /proc entry it is has ended"),
				"close the descriptor, or dump before that task ends");
	*name_out = path;
	return NULL;
}

struct err *path_resolve(struct dump *d, const struct fd_probe *p, uint32_t id,
			 const char **name_out)
{
	const char *stripped;

	if (path_is(d, p->text, p)) {
		*name_out = p->text;
		return NULL;
	}
	stripped = strip_deleted(d, p->text);
	if (stripped && path_is(d, stripped, p)) {
		*name_out = stripped;
		return NULL;
	}
	*name_out = stripped ? stripped : p->text;
	if (d->opts->evasive_devices && path_is_same_device(d, *name_out, p))
		return NULL;
	if (is_on_proc(p))
		return proc_path(d, p, *name_out, name_out);
	/* btrfs leaves a removed directory its link. */
	if (p->st.st_nlink == 0 || (S_ISDIR(p->st.st_mode) && stripped))
		return ghost_add(d, p, *name_out, id);
	return link_remap_add(d, p, *name_out, id);
}
