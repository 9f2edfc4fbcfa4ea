// SPDX-License-Identifier: GPL-2.0-only
/*
 * inotify: watches of inodes, each with a number that events name it by.  Events that the program has not read cannot be
 * put back into its queue, so they are refused and never lost.  Watches are added when everything else is open, so
 * that the restore's own work is not told.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "files/anon.h"
#include "files/restore_priv.h"
#include "files/watched.h"

/* <linux/inotify.h>, since Linux 4.16 with CONFIG_CHECKPOINT_RESTORE. */
#ifndef INOTIFY_IOC_SETNEXTWD
#define INOTIFY_IOC_SETNEXTWD _IOW('I', 0, int32_t)
#endif

/* Older kernels show bits of their own beside them. */
#define WATCH_BITS (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK)

static bool inotify_matches(const struct fd_probe *p)
{
	return fd_probe_is_anon(p, "inotify");
}

static InotifyWdEntry *new_watch(struct dump *d, uint32_t id, const struct fdinfo_inotify *line)
{
	InotifyWdEntry *w = PB_NEW(d->arena, InotifyWdEntry, inotify_wd_entry);

	w->id = id;
	w->wd = line->wd;
	w->mask = line->mask;
	w->ignored_mask = line->ignored_mask;
	w->i_ino = line->inode.ino;
	w->s_dev = line->inode.dev;
	w->f_handle = watched_handle(d, &line->inode);
	return w;
}

static int wd_order(const void *a, const void *b)
{
	const InotifyWdEntry *x = *(InotifyWdEntry *const *)a, *y = *(InotifyWdEntry *const *)b;

	return (x->wd > y->wd) - (x->wd < y->wd);
}

static struct err *read_watches(struct dump *d, const struct fd_probe *p, InotifyFileEntry *r)
{
	const char *cursor = NULL;
	struct fdinfo info;

	TRY(fd_probe_info(d, p, &info));
	for (;;) {
		struct fdinfo_inotify line;
		bool has_line;

		TRY(fdinfo_inotify_next(&info, &cursor, &line, &has_line));
		if (!has_line)
			break;
		r->wd = arena_grow(d->arena, r->wd, r->n_wd, sizeof(*r->wd));
		r->wd[r->n_wd++] = new_watch(d, r->id, &line);
	}
	if (r->n_wd)
		qsort(r->wd, r->n_wd, sizeof(*r->wd), wd_order);
	return NULL;
}

static struct err *inotify_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	InotifyFileEntry *r = PB_NEW(d->arena, InotifyFileEntry, inotify_file_entry);

	r->id = rec->id;
	r->flags = p->flags;
	TRY(fown_ask(d, p, &r->fown));
	TRY(watched_no_events(p));
	TRY(read_watches(d, p, r));
	if (p->carrier && r->n_wd)
		return watched_in_flight(p);
	rec->ify = r;
	return NULL;
}

static struct err *check_one(struct dump *d, const struct file *f)
{
	const InotifyFileEntry *r = f->rec->ify;

	for (size_t i = 0; i < r->n_wd; i++)
		TRY(watched_resolve(d, f->probe, r->wd[i]->s_dev, r->wd[i]->i_ino,
				    r->wd[i]->f_handle));
	return NULL;
}

static struct err *inotify_check(struct dump *d)
{
	const struct files *fs = d->files;

	for (size_t i = 0; i < fs->nr; i++)
		if (fs->list[i]->kind == &file_kind_inotify && fs->list[i]->rec->ify)
			TRY(files_blocker(d, check_one(d, fs->list[i])));
	return NULL;
}

static struct err *link_watch(struct restore *r, const struct file *f, const InotifyWdEntry *w)
{
	AUTO_FD fd = -1;

	if (!w->wd || w->wd > INT32_MAX || !watched_is_sane(w->f_handle))
		return err_new(ERR_IMAGE, "files.img: watch %u of %s has impossible values", w->wd,
			       file_user(r, f));
	return err_context(watched_open(r->arena, w->s_dev, w->i_ino, w->f_handle, &fd),
			   "cannot restore %s", file_user(r, f));
}

static struct err *inotify_link(struct restore *r, struct file *f)
{
	const InotifyFileEntry *rec = f->rec->ify;

	/* The kernel counts upwards. */
	if (rec->n_wd)
		qsort(rec->wd, rec->n_wd, sizeof(*rec->wd), wd_order);
	if (rec->n_wd && !file_slot(f))
		return restore_in_queue(r, f);
	for (size_t i = 0; i < rec->n_wd; i++)
		TRY(link_watch(r, f, rec->wd[i]));
	return NULL;
}

static struct err *inotify_open(struct worker *w UNUSED, struct file *f, int *fd_out)
{
	AUTO_FD fd = inotify_init1(IN_CLOEXEC);

	if (fd < 0)
		return err_hint(err_sys(errno, "cannot make an inotify"),
				"raise /proc/sys/fs/inotify/max_user_instances");
	TRY(anon_set_flags(fd, f->rec->ify->flags));
	*fd_out = fd_take(&fd);
	return NULL;
}

static struct err *add_watch(struct worker *w, const InotifyWdEntry *rec, int fd)
{
	int32_t wanted = (int32_t)rec->wd;
	AUTO_FD target = -1;
	char path[64];
	int wd;

	TRY(watched_open(w->restore->arena, rec->s_dev, rec->i_ino, rec->f_handle, &target));
	if (ioctl(fd, INOTIFY_IOC_SETNEXTWD, wanted))
		return err_hint(err_sys(errno, "cannot choose watch number %d", wanted),
				"use a kernel with CONFIG_CHECKPOINT_RESTORE");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", target);
	wd = inotify_add_watch(fd, path, rec->mask & WATCH_BITS);
	if (wd < 0)
		return err_sys(errno, "cannot add watch %d", wanted);
	if (wd != wanted)
		return err_new(ERR_IMAGE,
			       "watch %d became watch %d: two watches are of one file now", wanted,
			       wd);
	return NULL;
}

static struct err *inotify_finish(struct worker *w, struct file *f, int fd)
{
	const InotifyFileEntry *rec = f->rec->ify;

	for (size_t i = 0; i < rec->n_wd; i++)
		TRY(add_watch(w, rec->wd[i], fd));
	return NULL;
}

const struct file_kind file_kind_inotify = {
	.name = "inotify",
	.type = FD_TYPES__INOTIFY,
	.member = offsetof(FileEntry, ify),
	.about = "inotify: watches and their numbers",
	.since = "3.8; with watch numbers that have gaps, quickly: 4.16",
	.matches = inotify_matches,
	.dump = inotify_dump,
	.check = inotify_check,
	.link_up = inotify_link,
	.open = inotify_open,
	.finish = inotify_finish,
};
