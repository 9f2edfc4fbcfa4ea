// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that are open under a name that is gone or names another file now, but which have other names left:
 * with --link-remap the dump makes a hard link link_remap.ID beside the old name, by which a restore finds
 * the file.  Also remap-fpath.img, which says which files are not at their paths.
 *
 * The links are the only thing a dump changes outside of the image directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/options.h"
#include "files/files_priv.h"
#include "image/dir.h"

enum { MAX_TRIES = 100 };

struct link_remap {
	const struct fd_probe *probe;
	RegFileEntry *reg; /* the entry whose name is the link */
	const char *dir;
	bool is_made;
};

void remap_add(struct dump *d, uint32_t orig_id, uint32_t remap_id, RemapType type)
{
	struct dump_files *df = d->files->dump;
	RemapFilePathEntry *rec = PB_NEW(d->arena, RemapFilePathEntry, remap_file_path_entry);

	rec->orig_id = orig_id;
	rec->remap_id = remap_id;
	rec->has_remap_type = true;
	rec->remap_type = type;
	df->remaps = arena_grow(d->arena, df->remaps, df->nr_remaps, sizeof(*df->remaps));
	df->remaps[df->nr_remaps++] = rec;
}

static struct err *refuse(struct dump *d, const struct fd_probe *p, const char *path)
{
	struct err *e = fd_probe_refuse(p, "the file has lost this name but has %lu other name%s",
					(unsigned long)p->st.st_nlink,
					p->st.st_nlink == 1 ? "" : "s");

	if (path_is_same_device(d, path, p))
		return err_hint(
			e, "pass --evasive-devices to take the device's new node of this name");
	return err_hint(e,
			"pass --link-remap to let the dump make a hard link beside the old name");
}

struct err *link_remap_add(struct dump *d, const struct fd_probe *p, const char *path, uint32_t id)
{
	struct dump_files *df = d->files->dump;
	struct link_remap *lr;
	struct file *f;

	if (!d->opts->link_remap)
		return refuse(d, p, path);
	if (path[0] != '/' || S_ISDIR(p->st.st_mode))
		return err_hint(fd_probe_refuse(p, "another file or mount covers its path now"),
				"unmount what covers it, or close it before the dump");
	lr = ARENA_NEW(d->arena, struct link_remap);
	f = files_new(d, &file_kind_regular, p);
	lr->probe = f->probe;
	lr->dir = arena_printf(d->arena, "%.*s", (int)(strrchr(path, '/') - path), path);
	lr->reg = f->rec->reg = PB_NEW(d->arena, RegFileEntry, reg_file_entry);
	lr->reg->id = f->id;
	lr->reg->flags = p->flags;
	lr->reg->pos = p->pos;
	lr->reg->fown = fown_none(d);
	lr->reg->has_mode = true;
	lr->reg->mode = p->st.st_mode;
	df->link_remaps = arena_grow(d->arena, df->link_remaps, df->nr_link_remaps,
				     sizeof(*df->link_remaps));
	df->link_remaps[df->nr_link_remaps++] = lr;
	remap_add(d, id, f->id, REMAP_TYPE__LINKED);
	return NULL;
}

/* Left over links of earlier dumps are somebody's: choose another name. */
static struct err *make_link(struct dump *d, struct link_remap *lr)
{
	char from[96];

	snprintf(from, sizeof(from), "/proc/%d/%s", lr->probe->task->host_pid, lr->probe->link);
	for (unsigned int i = 0; i < MAX_TRIES; i++) {
		char *name = i ? arena_printf(d->arena, "%s/link_remap.%u.%u", lr->dir, lr->reg->id,
					      i) :
				 arena_printf(d->arena, "%s/link_remap.%u", lr->dir, lr->reg->id);

		if (!linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW)) {
			lr->reg->name = name;
			lr->is_made = true;
			log_info("files", lr->probe->task->host_pid, "made hard link %s", name);
			return NULL;
		}
		if (errno != EEXIST)
			return err_sys(errno, "cannot make hard link %s to fd %d of task %d", name,
				       lr->probe->fd, lr->probe->task->host_pid);
	}
	return err_hint(err_new(ERR_SYS, "cannot make a hard link in %s: a hundred names are taken",
				lr->dir),
			"remove the files link_remap.* of earlier dumps there");
}

struct err *remaps_write(struct dump *d)
{
	struct dump_files *df = d->files->dump;

	for (size_t i = 0; i < df->nr_link_remaps; i++)
		TRY(make_link(d, df->link_remaps[i]));
	for (size_t i = 0; i < df->nr_remaps; i++)
		TRY(image_write(d->images, IMAGE_REMAP_FPATH, 0, &df->remaps[i]->base));
	return NULL;
}

void files_dump_undo(struct dump *d)
{
	struct dump_files *df = d->files ? d->files->dump : NULL;

	for (size_t i = 0; df && i < df->nr_link_remaps; i++) {
		struct link_remap *lr = df->link_remaps[i];

		if (lr->is_made && unlink(lr->reg->name))
			log_warn("files", 0, "cannot remove hard link %s: %s", lr->reg->name,
				 strerror(errno));
		lr->is_made = false;
	}
}
