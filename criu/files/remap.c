// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restore of files that are not at their paths.  The coordinator makes or finds each once, opens it by its old
 * name where that is free, so that /proc shows it, takes the name away again, and keeps an O_PATH descriptor;
 * workers open that through /proc.  No name lives longer than three system calls, so a tool that dies leaves
 * nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "files/restore_priv.h"
#include "image/dir.h"

/* Old CRIU marked ghosts by this bit instead of a type. */
#define LEGACY_GHOST_BIT 0x80000000u

static struct remap *find_remap(struct restore_files *rf, RemapType type, uint32_t id)
{
	struct lookup_node *n = lookup_first(&rf->ghosts, lookup_hash_u64(type, id));

	for (; n; n = lookup_next(n)) {
		struct remap *m = CONTAINER_OF(n, struct remap, node);

		if (m->type == type && m->id == id)
			return m;
	}
	return NULL;
}

static struct err *read_ghost(struct restore *r, struct remap *m)
{
	TRY(IMAGE_READ(r->images, IMAGE_GHOST_FILE, m->id, r->arena, &m->ghost));
	if ((m->ghost->mode & S_IFMT) == S_IFSOCK || !(m->ghost->mode & S_IFMT))
		return err_new(ERR_IMAGE, "ghost-file-%x.img: impossible mode %o", m->id,
			       m->ghost->mode);
	if (S_ISLNK(m->ghost->mode) && !m->ghost->symlnk_target)
		return err_new(ERR_IMAGE, "ghost-file-%x.img: a symbolic link without a target",
			       m->id);
	return NULL;
}

static struct err *find_link(struct restore *r, struct remap *m)
{
	const struct file *f = file_by_id(r->files, m->id);
	const char *base = f && f->rec->reg ? strrchr(f->rec->reg->name, '/') : NULL;

	/* It will be removed, so it must be one that a dump makes. */
	if (!base || f->rec->reg->name[0] != '/' || strncmp(base, "/link_remap.", 12))
		return err_new(ERR_IMAGE, "remap-fpath.img: file %u is no hard link of a dump",
			       m->id);
	m->link = f->rec->reg->name;
	return NULL;
}

static struct err *new_remap(struct restore *r, RemapType type, uint32_t id, struct remap **out)
{
	struct restore_files *rf = r->files->restore;
	struct remap *m = ARENA_NEW(r->arena, struct remap);

	m->type = type;
	m->id = id;
	m->fd = -1;
	TRY(type == REMAP_TYPE__GHOST ? read_ghost(r, m) : find_link(r, m));
	lookup_add(&rf->ghosts, &m->node, lookup_hash_u64(type, id));
	rf->remaps = arena_grow(r->arena, rf->remaps, rf->nr_remaps, sizeof(*rf->remaps));
	rf->remaps[rf->nr_remaps++] = m;
	*out = m;
	return NULL;
}

static struct err *add_remap(struct restore *r, const struct image_stream *s,
			     const RemapFilePathEntry *rec)
{
	struct file *f = file_by_id(r->files, rec->orig_id);
	RemapType type = rec->has_remap_type ? rec->remap_type : REMAP_TYPE__LINKED;
	uint32_t id = rec->remap_id;
	struct remap *m;

	if (!rec->has_remap_type && id & LEGACY_GHOST_BIT) {
		type = REMAP_TYPE__GHOST;
		id &= ~LEGACY_GHOST_BIT;
	}
	if (!f || !f->rec->reg)
		return image_stream_err(s, "file %u is no file with a path", rec->orig_id);
	if (type == REMAP_TYPE__PROCFS)
		return err_hint(err_new(ERR_UNSUPPORTED,
					"cannot restore %s: it is an entry of /proc of a task "
					"that had ended (%s)",
					file_user(r, f), f->rec->reg->name),
				"dump again with the descriptor closed");
	if (type != REMAP_TYPE__GHOST && type != REMAP_TYPE__LINKED)
		return image_stream_err(s, "unknown kind of remap %d", type);
	m = find_remap(r->files->restore, type, id);
	if (!m)
		TRY(new_remap(r, type, id, &m));
	if (!m->path)
		m->path = f->rec->reg->name;
	if (f->rec->reg->flags & TMPFILE_BIT && type == REMAP_TYPE__GHOST &&
	    S_ISREG(m->ghost->mode) && !m->nameless)
		m->nameless = f;
	f->remap = m;
	return NULL;
}

struct err *remaps_read(struct restore *r)
{
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg;

	TRY(image_open(r->images, IMAGE_REMAP_FPATH, 0, &s));
	for (;;) {
		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			return NULL;
		TRY(add_remap(r, s, (RemapFilePathEntry *)msg));
	}
}

/* Gives the hard link its old name for the moment of opening. */
static struct err *link_make(struct remap *m)
{
	const char *name = m->path;
	int saved;

	if (linkat(AT_FDCWD, m->link, AT_FDCWD, m->path, 0))
		name = m->link;
	m->fd = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	saved = errno;
	if (name == m->path && unlink(m->path))
		log_warn("files", 0, "cannot remove %s: %s", m->path, strerror(errno));
	if (m->fd < 0)
		return err_hint(err_sys(saved, "cannot open hard link %s, which the dump made",
					m->link),
				"restore on the machine and file system of the dump");
	return NULL;
}

struct err *remaps_make(struct restore *r)
{
	struct restore_files *rf = r->files->restore;

	for (size_t i = 0; i < rf->nr_remaps; i++) {
		struct remap *m = rf->remaps[i];

		TRY(m->type == REMAP_TYPE__GHOST ? ghost_make(r, m) : link_make(m));
	}
	return NULL;
}

void remaps_drop(struct restore *r, bool is_commit)
{
	struct restore_files *rf = r->files->restore;

	for (size_t i = 0; i < rf->nr_remaps; i++) {
		struct remap *m = rf->remaps[i];

		if (m->fd >= 0)
			close(m->fd);
		m->fd = -1;
		if (is_commit && m->type == REMAP_TYPE__LINKED && unlink(m->link))
			log_warn("files", 0, "cannot remove hard link %s: %s", m->link,
				 strerror(errno));
	}
}
