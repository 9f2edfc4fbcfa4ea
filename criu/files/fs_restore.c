// SPDX-License-Identifier: GPL-2.0-only
/* Restore of cwd, root and umask. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/restore_priv.h"
#include "image/dir.h"
#include "task/stage.h"

static bool shares_with_parent(const struct task *t)
{
	return t->parent && t->parent->ids && t->ids && t->parent->ids->fs_id == t->ids->fs_id;
}

static struct err *check_dir(struct restore *r, const struct task *t, const char *what, uint32_t id)
{
	const struct file *f = file_by_id(r->files, id);

	if (!f || !f->rec->reg)
		return err_new(ERR_IMAGE, "fs-%d.img: file %u for %s does not exist", t->ns_pid, id,
			       what);
	return NULL;
}

struct err *fs_read(struct restore *r)
{
	struct restore_files *rf = r->files->restore;

	rf->fs = arena_array(r->arena, r->tree.nr_tasks, sizeof(*rf->fs));
	for (size_t i = 0; i < r->tree.nr_tasks; i++) {
		const struct task *t = r->tree.tasks[i];

		if (t->state == TASK_DEAD)
			continue;
		if (shares_with_parent(t))
			rf->has_shared_fs = true;
		TRY(IMAGE_READ(r->images, IMAGE_FS, (uint64_t)t->ns_pid, r->arena, &rf->fs[i]));
		TRY(check_dir(r, t, "cwd", rf->fs[i]->cwd_id));
		TRY(check_dir(r, t, "root", rf->fs[i]->root_id));
	}
	return NULL;
}

/* A path and no descriptor: another task may be filling the same table at this moment. */
static const char *dir_path(struct worker *w, uint32_t id, char *buf, size_t len)
{
	const struct restore_files *rf = w->restore->files->restore;
	const struct file *f = file_by_id(w->restore->files, id);

	if (!f->remap)
		return f->rec->reg->name;
	snprintf(buf, len, "/proc/%d/fd/%d", rf->coordinator, f->remap->fd);
	return buf;
}

struct err *files_restore_fs(struct worker *w)
{
	const struct restore_files *rf = w->restore->files->restore;
	const FsEntry *fs = rf->fs[w->task->index];
	const char *path;
	char buf[64];

	/* A root that is shared changes for all at once: when nobody opens paths any more. */
	if (rf->has_shared_fs)
		TRY(stage_meet(w));
	if (shares_with_parent(w->task))
		return NULL;
	path = dir_path(w, fs->cwd_id, buf, sizeof(buf));
	if (chdir(path))
		return err_sys(errno, "cannot make %s the cwd of task %d", path, w->task->ns_pid);
	path = dir_path(w, fs->root_id, buf, sizeof(buf));
	if (strcmp(path, "/") && chroot(path))
		return err_sys(errno, "cannot make %s the root of task %d", path, w->task->ns_pid);
	if (fs->has_umask)
		umask((mode_t)fs->umask);
	return NULL;
}
