// SPDX-License-Identifier: GPL-2.0-only
#include "files/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/files_priv.h"
#include "proc/mountinfo.h"
#include "proc/pid.h"

/* CRIU's record has room for as much, padded with zeroes. */
enum { HANDLE_WORDS = FDINFO_MAX_HANDLE / sizeof(uint64_t) };

struct err *watched_no_events(const struct fd_probe *p)
{
	int unread = 0;

	if (p->dup >= 0 && ioctl(p->dup, FIONREAD, &unread))
		return err_sys(errno, "cannot ask for events of fd %d of task %d", p->fd,
			       p->task->host_pid);
	if (!unread)
		return NULL;
	return err_hint(fd_probe_refuse(p,
					"it has events that were not read (%d bytes), and they "
					"cannot be put back",
					unread),
			"dump again when the program has read them");
}

struct err *watched_in_flight(const struct fd_probe *p)
{
	return err_hint(fd_probe_refuse(p, "it watches something, which is not kept in a queue"),
			"dump again when the program has received it");
}

FhEntry *watched_handle(struct dump *d, const struct fdinfo_inode *i)
{
	FhEntry *fh = PB_NEW(d->arena, FhEntry, fh_entry);

	fh->bytes = i->handle_len;
	fh->type = i->handle_type;
	fh->n_handle = HANDLE_WORDS;
	fh->handle = arena_array(d->arena, HANDLE_WORDS, sizeof(*fh->handle));
	memcpy(fh->handle, i->handle, sizeof(i->handle));
	return fh;
}

bool watched_is_sane(const FhEntry *fh)
{
	return fh->bytes <= FDINFO_MAX_HANDLE && fh->bytes <= fh->n_handle * sizeof(*fh->handle);
}

/* Through one mount of its file system; -1 if that does not work. */
static int open_through(const struct proc_mount *m, uint64_t ino, const FhEntry *fh)
{
	AUTO_FD root = open(m->mountpoint, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + FDINFO_MAX_HANDLE];
	} u = { 0 };
	AUTO_FD fd = -1;
	struct stat st;

	if (root < 0)
		return -1;
	u.h.handle_bytes = fh->bytes;
	u.h.handle_type = (int)fh->type;
	memcpy(u.room + offsetof(struct file_handle, f_handle), fh->handle, fh->bytes);
	fd = open_by_handle_at(root, &u.h, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	/* On another machine the handle may be one of another file. */
	if (fd < 0 || fstat(fd, &st) || st.st_ino != ino)
		return -1;
	return fd_take(&fd);
}

static struct err *read_mounts(struct arena *a, struct proc_mounts *out)
{
	AUTO_FD proc = -1;

	TRY(proc_open(getpid(), &proc));
	return proc_mounts_read(proc, a, out);
}

static bool is_on(const struct proc_mount *m, uint32_t dev)
{
	return m->dev_major == dev >> 20 && m->dev_minor == (dev & 0xfffff);
}

/* The path of an open file, if it leads back to it; else NULL. */
static const char *path_of(struct arena *a, int fd)
{
	char path[4096 + 64];
	struct stat there, here;
	struct err *e = link_read_at(AT_FDCWD, path, sizeof(path), "/proc/self/fd/%d", fd);

	if (e) {
		err_drop(e, "then it has no path");
		return NULL;
	}
	if (fstat(fd, &here) || lstat(path, &there) || here.st_ino != there.st_ino ||
	    here.st_dev != there.st_dev)
		return NULL;
	return arena_strdup(a, path);
}

/* A file that the tree has open, as its cwd, or mapped. */
static const char *path_in_tree(struct dump *d, uint32_t dev, uint64_t ino)
{
	const struct files *fs = d->files;

	for (size_t i = 0; i < fs->nr; i++) {
		const struct fd_probe *p = fs->list[i]->probe;

		if (p->st.st_ino == ino && p->text[0] == '/' &&
		    (major(p->st.st_dev) << 20 | minor(p->st.st_dev)) == dev &&
		    path_is(d, p->text, p))
			return p->text;
	}
	return NULL;
}

/* *found_out: the handle leads to it; *path_out may be NULL all the same. */
static struct err *resolve_handle(struct dump *d, uint32_t dev, uint64_t ino, const FhEntry *fh,
				  struct stat *st_out, bool *found_out, const char **path_out)
{
	struct proc_mounts mounts;

	*found_out = false;
	*path_out = NULL;
	TRY(read_mounts(d->arena, &mounts));
	for (size_t i = 0; fh->bytes && !*path_out && i < mounts.nr; i++) {
		AUTO_FD fd = -1;

		if (!is_on(&mounts.list[i], dev))
			continue;
		fd = open_through(&mounts.list[i], ino, fh);
		if (fd < 0 || fstat(fd, st_out))
			continue;
		*found_out = true;
		*path_out = path_of(d->arena, fd);
	}
	return NULL;
}

struct err *watched_resolve(struct dump *d, const struct fd_probe *p, uint32_t dev, uint64_t ino,
			    FhEntry *fh)
{
	const char *path;
	struct stat st;
	bool found;

	TRY(resolve_handle(d, dev, ino, fh, &st, &found, &path));
	if (!path)
		path = path_in_tree(d, dev, ino);
	fh->path = (char *)path;
	if (found && !st.st_nlink)
		return err_hint(fd_probe_refuse(p,
						"it watches a file that was deleted (inode %llu)",
						(unsigned long long)ino),
				"let the program remove the watch, or close the file, before the "
				"dump");
	if (found || path)
		return NULL;
	return err_hint(fd_probe_refuse(p,
					"the file it watches cannot be found (inode %llu of device "
					"%u:%u)",
					(unsigned long long)ino, dev >> 20, dev & 0xfffff),
			"its file system opens no handles: let the program keep the file open, or "
			"remove the watch before the dump");
}

struct err *watched_open(struct arena *a, uint32_t dev, uint64_t ino, const FhEntry *fh,
			 int *fd_out)
{
	struct proc_mounts mounts;
	int fd = fh->path && fh->path[0] == '/' ? open(fh->path, O_PATH | O_NOFOLLOW | O_CLOEXEC) :
						  -1;

	TRY(read_mounts(a, &mounts));
	for (size_t i = 0; fd < 0 && fh->bytes && i < mounts.nr; i++)
		if (is_on(&mounts.list[i], dev))
			fd = open_through(&mounts.list[i], ino, fh);
	if (fd < 0 && fh->path)
		return err_new(ERR_IMAGE, "%s, which it watches, is missing", fh->path);
	if (fd < 0)
		return err_hint(err_new(ERR_IMAGE,
					"cannot find inode %llu of device %u:%u, which it watches",
					(unsigned long long)ino, dev >> 20, dev & 0xfffff),
				"mount the file system that was dumped");
	*fd_out = fd;
	return NULL;
}

struct err *watched_mount(struct dump *d, const struct fd_probe *p, uint32_t mnt_id, uint32_t dev,
			  const char **path_out)
{
	struct proc_mounts mounts;

	TRY(read_mounts(d->arena, &mounts));
	for (size_t i = 0; i < mounts.nr; i++) {
		const struct proc_mount *m = &mounts.list[i];

		if (mnt_id ? (uint32_t)m->mnt_id != mnt_id : !is_on(m, dev))
			continue;
		*path_out = m->mountpoint;
		return NULL;
	}
	return err_hint(fd_probe_refuse(p,
					"what it watches is mounted nowhere (mount %u, device "
					"%u:%u)",
					mnt_id, dev >> 20, dev & 0xfffff),
			"remove the mark before the dump");
}
