// SPDX-License-Identifier: GPL-2.0-only
/*
 * fanotify: marks of inodes, mounts and file systems.  As with inotify, unread events are refused and marks are put back
 * when all else is open.  A group that decides about accesses is refused: whoever waits for an answer would wait for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/fanotify.h>

#include "base/fd.h"
#include "files/anon.h"
#include "files/restore_priv.h"
#include "files/watched.h"

/* <linux/fanotify.h>, since Linux 5.19 and 6.0. */
#ifndef FAN_MARK_EVICTABLE
#define FAN_MARK_EVICTABLE 0x200
#endif
#ifndef FAN_MARK_IGNORE
#define FAN_MARK_IGNORE 0x400
#endif

#define CLASSES (FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT)
#define KEPT_FLAGS ((uint32_t)(FAN_MARK_EVICTABLE | FAN_MARK_IGNORE | FAN_MARK_IGNORED_SURV_MODIFY))

static bool fanotify_matches(const struct fd_probe *p)
{
	return fd_probe_is_anon(p, "[fanotify]");
}

static const MarkType types[FANOTIFY_NR_ON] = {
	[FANOTIFY_INODE] = MARK_TYPE__INODE,
	[FANOTIFY_MOUNT] = MARK_TYPE__MOUNT,
	[FANOTIFY_FILESYSTEM] = MARK_TYPE__FILESYSTEM,
};

static struct err *fill_mark(struct dump *d, const struct fd_probe *p, enum fanotify_on on,
			     const struct fdinfo_mark *line, FanotifyMarkEntry *m)
{
	const char *path;

	m->type = types[on];
	m->mflags = line->mark_flags;
	m->mask = line->mask;
	m->ignored_mask = line->ignored_mask;
	m->s_dev = line->inode.dev;
	if (line->mark_flags & ~KEPT_FLAGS)
		return err_hint(fd_probe_refuse(p, "a mark has unknown flags %#x",
						line->mark_flags & ~KEPT_FLAGS),
				"remove the mark before the dump");
	if (on == FANOTIFY_INODE) {
		m->ie = PB_NEW(d->arena, FanotifyInodeMarkEntry, fanotify_inode_mark_entry);
		m->ie->i_ino = line->inode.ino;
		m->ie->f_handle = watched_handle(d, &line->inode);
		return NULL;
	}
	TRY(watched_mount(d, p, line->mnt_id, line->inode.dev, &path));
	m->me = PB_NEW(d->arena, FanotifyMountMarkEntry, fanotify_mount_mark_entry);
	m->me->mnt_id = line->mnt_id;
	m->me->path = (char *)path;
	return NULL;
}

static struct err *read_marks(struct dump *d, const struct fd_probe *p, const struct fdinfo *info,
			      enum fanotify_on on, FanotifyFileEntry *r)
{
	const char *cursor = NULL;

	for (;;) {
		struct fdinfo_mark line;
		bool has_line;

		TRY(fdinfo_mark_next(info, on, &cursor, &line, &has_line));
		if (!has_line)
			return NULL;
		r->mark = arena_grow(d->arena, r->mark, r->n_mark, sizeof(*r->mark));
		r->mark[r->n_mark] = PB_NEW(d->arena, FanotifyMarkEntry, fanotify_mark_entry);
		r->mark[r->n_mark]->id = r->id;
		TRY(fill_mark(d, p, on, &line, r->mark[r->n_mark]));
		r->n_mark++;
	}
}

static struct err *refuse_others(const struct fd_probe *p, const struct fdinfo *info,
				 uint32_t flags)
{
	struct scan line;

	if (flags & CLASSES)
		return err_hint(fd_probe_refuse(p, "it decides about accesses, and who waits for "
						   "an answer would wait for ever"),
				"close it before the dump");
	if (fdinfo_find(info, "fanotify mnt_ns", &line))
		return err_hint(fd_probe_refuse(p, "marks of mount namespaces are not supported"),
				"remove the mark before the dump");
	return NULL;
}

static struct err *fanotify_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	FanotifyFileEntry *r = PB_NEW(d->arena, FanotifyFileEntry, fanotify_file_entry);
	struct fdinfo info;

	r->id = rec->id;
	r->flags = p->flags;
	TRY(fown_ask(d, p, &r->fown));
	TRY(fd_probe_info(d, p, &info));
	TRY(fdinfo_fanotify(&info, &r->faflags, &r->evflags));
	TRY(refuse_others(p, &info, r->faflags));
	TRY(watched_no_events(p));
	for (int on = 0; on < FANOTIFY_NR_ON; on++)
		TRY(read_marks(d, p, &info, (enum fanotify_on)on, r));
	if (p->carrier && r->n_mark)
		return watched_in_flight(p);
	rec->ffy = r;
	return NULL;
}

static struct err *check_one(struct dump *d, const struct file *f)
{
	const FanotifyFileEntry *r = f->rec->ffy;

	for (size_t i = 0; i < r->n_mark; i++)
		if (r->mark[i]->ie)
			TRY(watched_resolve(d, f->probe, r->mark[i]->s_dev, r->mark[i]->ie->i_ino,
					    r->mark[i]->ie->f_handle));
	return NULL;
}

static struct err *fanotify_check(struct dump *d)
{
	const struct files *fs = d->files;

	for (size_t i = 0; i < fs->nr; i++)
		if (fs->list[i]->kind == &file_kind_fanotify && fs->list[i]->rec->ffy)
			TRY(files_blocker(d, check_one(d, fs->list[i])));
	return NULL;
}

/* An O_PATH descriptor of what the mark is on. */
static struct err *open_target(struct arena *a, const FanotifyMarkEntry *m, int *fd_out)
{
	if (m->type == MARK_TYPE__INODE)
		return watched_open(a, m->s_dev, m->ie->i_ino, m->ie->f_handle, fd_out);
	return fd_open_at(AT_FDCWD, O_PATH, fd_out, "%s", m->me->path);
}

static bool is_sane(const FanotifyMarkEntry *m)
{
	switch (m->type) {
	case MARK_TYPE__INODE:
		return m->ie && watched_is_sane(m->ie->f_handle);
	case MARK_TYPE__MOUNT:
	case MARK_TYPE__FILESYSTEM:
		return m->me && m->me->path && m->me->path[0] == '/';
	default:
		return false;
	}
}

static struct err *fanotify_link(struct restore *r, struct file *f)
{
	const FanotifyFileEntry *rec = f->rec->ffy;

	if (rec->n_mark && !file_slot(f))
		return restore_in_queue(r, f);
	for (size_t i = 0; i < rec->n_mark; i++) {
		AUTO_FD fd = -1;

		if (!is_sane(rec->mark[i]))
			return err_new(ERR_IMAGE, "files.img: a mark of %s says not what it is on",
				       file_user(r, f));
		TRY(err_context(open_target(r->arena, rec->mark[i], &fd), "cannot restore %s",
				file_user(r, f)));
	}
	return NULL;
}

static struct err *fanotify_open(struct worker *w UNUSED, struct file *f, int *fd_out)
{
	const FanotifyFileEntry *rec = f->rec->ffy;
	/* The kernel keeps and shows whether it was made close-on-exec. */
	AUTO_FD fd = fanotify_init(rec->faflags, rec->evflags);

	if (fd < 0)
		return err_sys(errno, "cannot make a fanotify group with flags %#x", rec->faflags);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC))
		return err_sys(errno, "cannot set close-on-exec");
	TRY(anon_set_flags(fd, rec->flags));
	*fd_out = fd_take(&fd);
	return NULL;
}

static unsigned int place_flag(const FanotifyMarkEntry *m)
{
	return m->type == MARK_TYPE__MOUNT	? FAN_MARK_MOUNT :
	       m->type == MARK_TYPE__FILESYSTEM ? FAN_MARK_FILESYSTEM :
						  0;
}

static struct err *add_mark(struct worker *w, const FanotifyMarkEntry *m, int fd)
{
	unsigned int flags = FAN_MARK_ADD | place_flag(m);
	unsigned int ignore = m->mflags & FAN_MARK_IGNORE ? FAN_MARK_IGNORE : FAN_MARK_IGNORED_MASK;
	AUTO_FD target = -1;
	char path[64];

	TRY(open_target(w->restore->arena, m, &target));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", target);
	if (m->mask &&
	    fanotify_mark(fd, flags | (m->mflags & FAN_MARK_EVICTABLE), m->mask, AT_FDCWD, path))
		return err_sys(errno, "cannot add a mark for events %#x", m->mask);
	flags |= ignore | (m->mflags & (FAN_MARK_EVICTABLE | FAN_MARK_IGNORED_SURV_MODIFY));
	if (m->ignored_mask && fanotify_mark(fd, flags, m->ignored_mask, AT_FDCWD, path))
		return err_sys(errno, "cannot add a mark that ignores events %#x", m->ignored_mask);
	return NULL;
}

static struct err *fanotify_finish(struct worker *w, struct file *f, int fd)
{
	const FanotifyFileEntry *rec = f->rec->ffy;

	for (size_t i = 0; i < rec->n_mark; i++)
		TRY(add_mark(w, rec->mark[i], fd));
	return NULL;
}

const struct file_kind file_kind_fanotify = {
	.name = "fanotify",
	.type = FD_TYPES__FANOTIFY,
	.member = offsetof(FileEntry, ffy),
	.about = "fanotify groups: marks of inodes, mounts and file systems",
	.since = "3.8; the flags FAN_MARK_EVICTABLE and FAN_MARK_IGNORE: 5.19 and 6.0",
	.matches = fanotify_matches,
	.dump = fanotify_dump,
	.check = fanotify_check,
	.link_up = fanotify_link,
	.open = fanotify_open,
	.finish = fanotify_finish,
};
