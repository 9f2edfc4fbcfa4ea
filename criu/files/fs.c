// SPDX-License-Identifier: GPL-2.0-only
/* cwd, root and umask: fs-PID.img. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "files/files_priv.h"
#include "image/dir.h"
#include "proc/scan.h"

/* Linux 4.7 has "Umask:" in status; it is the fs_struct's, so one look per task. */
static struct err *read_umask(const struct task *t, uint32_t *out)
{
	AUTO_FREE char *text = NULL;
	struct scan s, line;
	uint64_t umask;
	size_t len;

	TRY(file_slurp_at(AT_FDCWD, &text, &len, "/proc/%d/status", t->host_pid));
	s = scan_init(text, len);
	while (scan_line(&s, &line)) {
		if (!scan_text(&line, "Umask:\t"))
			continue;
		if (!scan_oct(&line, &umask))
			return scan_error(&line, "umask");
		*out = (uint32_t)umask;
		return NULL;
	}
	return err_new(ERR_KERNEL, "cannot read the umask of task %d: no such line in its status",
		       t->host_pid);
}

/* CRIU wants entries of its own for each task here. */
static struct err *add_dir(struct dump *d, const struct task *t, const char *link, uint32_t *id_out)
{
	char text[4096 + 64], path[64];
	struct fd_probe p = { .task = t,
			      .fd = -1,
			      .link = link,
			      .text = text,
			      .flags = O_RDONLY,
			      .mnt_id = -1,
			      .dup = -1 };
	struct file *f;

	TRY(link_read_at(AT_FDCWD, text, sizeof(text), "/proc/%d/%s", t->host_pid, link));
	snprintf(path, sizeof(path), "/proc/%d/%s", t->host_pid, link);
	if (stat(path, &p.st))
		return err_sys(errno, "cannot stat %s", path);
	f = files_new(d, &file_kind_regular, &p);
	*id_out = f->id;
	if (!strncmp(text, "(unreachable)", 13))
		return files_blocker(d,
				     err_hint(fd_probe_refuse(&p, "its path leads out of what this "
								  "tool can see"),
					      "run the tool in the task's mount namespace"));
	return files_blocker(d, reg_record(d, f->probe, f->id, fown_none(d), &f->rec->reg));
}

static struct err *check_sharing(struct dump *d, const struct task *t)
{
	for (size_t i = t->index; i-- > 0;) {
		const struct task *o = d->tree.tasks[i];

		if (o->ids && o->ids->fs_id == t->ids->fs_id)
			return files_blocker(
				d,
				err_hint(err_new(ERR_UNSUPPORTED,
						 "cannot dump task %d: it shares cwd, root and "
						 "umask "
						 "(CLONE_FS) with task %d, which is not its parent",
						 t->host_pid, o->host_pid),
					 "share them with the parent only, or use threads"));
	}
	return NULL;
}

struct err *fs_probe(struct dump *d, const struct task *t)
{
	FsEntry *fs = PB_NEW(d->arena, FsEntry, fs_entry);
	const struct task *parent = t->parent;
	const FsEntry *shared = parent ? d->files->dump->fs[parent->index] : NULL;
	bool is_shared = shared && parent->ids->fs_id == t->ids->fs_id;

	d->files->dump->fs[t->index] = fs;
	if (!is_shared && t->ids->fs_id <= d->files->dump->max_fs_id)
		return check_sharing(d, t);
	d->files->dump->max_fs_id = MAX(d->files->dump->max_fs_id, t->ids->fs_id);
	fs->has_umask = true;
	TRY(read_umask(t, &fs->umask));
	TRY(add_dir(d, t, "cwd", &fs->cwd_id));
	return add_dir(d, t, "root", &fs->root_id);
}

struct err *fs_write(struct dump *d)
{
	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		const FsEntry *fs = d->files->dump->fs[i];

		if (fs)
			TRY(image_write(d->images, IMAGE_FS, (uint64_t)d->tree.tasks[i]->ns_pid,
					&fs->base));
	}
	return NULL;
}
