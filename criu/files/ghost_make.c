// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes an unlinked file again.  A regular file is made without any name and filled; then it gets its old name
 * (or PATH.cr.ID.ghost where that is taken) only to be opened by it, since the kernel remembers by which name a
 * file was opened.  A file that never had a name gets none: it could not be linked any more.  Other types can only
 * be made with a name.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "files/restore_priv.h"
#include "image/dir.h"

/* The name a ghost is made under; whatever was made on the way is taken away again. */
struct ghost_name {
	char path[PATH_MAX];
	char dirs[PATH_MAX]; /* the parent directory */
	size_t made_from;    /* parents longer than this were missing; 0: none */
	bool is_made;
};

static struct err *name_init(const struct remap *m, bool is_second, struct ghost_name *n)
{
	const char *slash = strrchr(m->path, '/');
	int len;

	len = is_second ? snprintf(n->path, sizeof(n->path), "%s.cr.%x.ghost", m->path, m->id) :
			  snprintf(n->path, sizeof(n->path), "%s", m->path);
	if (m->path[0] != '/' || !slash[1] || len < 0 || (size_t)len >= sizeof(n->path))
		return err_new(ERR_IMAGE, "cannot make the deleted file \"%s\" again: no such path",
			       m->path);
	snprintf(n->dirs, sizeof(n->dirs), "%.*s", (int)(slash - m->path), m->path);
	return NULL;
}

/* The directory may have been deleted too; it is there for a moment then. */
static struct err *make_dirs(struct ghost_name *n)
{
	for (char *end = n->dirs + 1; n->dirs[0]; end++) {
		bool is_last = !*end;

		if (*end && *end != '/')
			continue;
		*end = '\0';
		if (!mkdir(n->dirs, 0700)) {
			if (!n->made_from)
				n->made_from = (size_t)(end - n->dirs);
		} else if (errno != EEXIST) {
			return err_sys(errno, "cannot make directory %s for a deleted file",
				       n->dirs);
		}
		if (is_last)
			return NULL;
		*end = '/';
	}
	return NULL;
}

static void remove_dirs(struct ghost_name *n)
{
	size_t len = strlen(n->dirs);

	while (n->made_from && len >= n->made_from) {
		if (rmdir(n->dirs))
			log_warn("files", 0, "cannot remove directory %s: %s", n->dirs,
				 strerror(errno));
		while (len && n->dirs[--len] != '/')
			;
		n->dirs[len] = '\0';
	}
	n->made_from = 0;
}

static struct err *fill_chunks(struct restore *r, const struct remap *m, struct image_stream *s,
			       int fd)
{
	ProtobufCMessage *msg;
	const void *bytes;

	if (m->ghost->size > INT64_MAX || ftruncate(fd, (off_t)m->ghost->size))
		return err_sys(m->ghost->size > INT64_MAX ? EFBIG : errno,
			       "cannot make it %llu bytes long",
			       (unsigned long long)m->ghost->size);
	for (;;) {
		const GhostChunkEntry *chunk;

		TRY(image_next_as(s, &ghost_chunk_entry__descriptor, r->arena, &msg));
		if (!msg)
			return NULL;
		chunk = (const GhostChunkEntry *)msg;
		if (chunk->off > m->ghost->size || chunk->len > m->ghost->size - chunk->off)
			return image_stream_err(s, "a chunk lies outside of the file of %llu bytes",
						(unsigned long long)m->ghost->size);
		TRY(image_payload(s, chunk->len, &bytes));
		TRY(fd_pwrite_all(fd, bytes, chunk->len, (off_t)chunk->off));
	}
}

static struct err *fill(struct restore *r, const struct remap *m, int fd)
{
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *head;
	const void *bytes;
	uint64_t len;

	TRY(image_open(r->images, IMAGE_GHOST_FILE, m->id, &s));
	TRY(image_next(s, r->arena, &head));
	if (m->ghost->chunks)
		return fill_chunks(r, m, s, fd);
	len = image_left(s);
	TRY(image_payload(s, len, &bytes));
	return fd_pwrite_all(fd, bytes, len, 0);
}

/* Owner first: changing it takes set-user-id bits away. */
static struct err *set_attributes(const struct remap *m, const char *path)
{
	const GhostFileEntry *g = m->ghost;
	const struct timespec times[2] = {
		{ .tv_sec = g->atim ? (time_t)g->atim->tv_sec : 0,
		  .tv_nsec = g->atim ? (long)(g->atim->tv_usec % 1000000) * 1000 : UTIME_OMIT },
		{ .tv_sec = g->mtim ? (time_t)g->mtim->tv_sec : 0,
		  .tv_nsec = g->mtim ? (long)(g->mtim->tv_usec % 1000000) * 1000 : UTIME_OMIT },
	};

	if (chown(path, g->uid, g->gid))
		return err_sys(errno, "cannot set its owner %u:%u", g->uid, g->gid);
	if (chmod(path, g->mode & 07777))
		return err_sys(errno, "cannot set its mode %o", g->mode);
	if (utimensat(AT_FDCWD, path, times, 0))
		return err_sys(errno, "cannot set its times");
	return NULL;
}

/* Makes n->path the file; EEXIST is left to the caller. */
static int make_node(const GhostFileEntry *g, const struct ghost_name *n)
{
	switch (g->mode & S_IFMT) {
	case S_IFDIR:
		return mkdir(n->path, 0700);
	case S_IFLNK:
		return symlink(g->symlnk_target, n->path);
	default:
		return mknod(n->path, (g->mode & S_IFMT) | 0600, g->rdev);
	}
}

static struct err *open_named(struct remap *m, struct ghost_name *n)
{
	m->fd = open(n->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (m->fd < 0)
		return err_sys(errno, "cannot open %s", n->path);
	return NULL;
}

static void remove_name(const struct remap *m, struct ghost_name *n)
{
	if (n->is_made && (S_ISDIR(m->ghost->mode) ? rmdir(n->path) : unlink(n->path)))
		log_warn("files", 0, "cannot remove %s: %s", n->path, strerror(errno));
	n->is_made = false;
	remove_dirs(n);
}

/* One try with one name; *taken_out: something has that name. */
static struct err *make_with(struct remap *m, int fd, struct ghost_name *n, bool *taken_out)
{
	char proc_path[64];
	int failed;

	TRY(make_dirs(n));
	if (fd >= 0) {
		snprintf(proc_path, sizeof(proc_path), "/proc/self/fd/%d", fd);
		failed = linkat(AT_FDCWD, proc_path, AT_FDCWD, n->path, AT_SYMLINK_FOLLOW);
	} else {
		failed = make_node(m->ghost, n);
	}
	if (failed) {
		*taken_out = errno == EEXIST;
		return *taken_out ? NULL : err_sys(errno, "cannot make %s", n->path);
	}
	n->is_made = true;
	return open_named(m, n);
}

static struct err *make_named(struct remap *m, int fd)
{
	for (int is_second = 0; is_second < 2; is_second++) {
		struct ghost_name n = { .made_from = 0 };
		bool is_taken = false;
		struct err *e = name_init(m, is_second, &n);

		if (!e)
			e = make_with(m, fd, &n, &is_taken);
		remove_name(m, &n);
		if (e || !is_taken)
			return e;
	}
	return err_new(ERR_SYS, "cannot make %s: it is there, and so is %s.cr.%x.ghost", m->path,
		       m->path, m->id);
}

/* Flags that fcntl can set later; while the file is filled they would be in the way. */
#define LATER_FLAGS (O_APPEND | O_DIRECT | O_NONBLOCK | O_ASYNC)

static int nameless_flags(const struct remap *m)
{
	int flags = m->nameless ? (int)m->nameless->rec->reg->flags : O_RDWR;

	if ((flags & O_ACCMODE) != O_WRONLY)
		flags = (flags & ~O_ACCMODE) | O_RDWR;
	return (flags & ~(LATER_FLAGS | O_CREAT | O_EXCL | O_TRUNC | O_PATH)) | O_TMPFILE |
	       O_CLOEXEC;
}

/* The nameless file; its directory may have to be there for the moment. */
static struct err *open_nameless(const struct remap *m, int *fd_out)
{
	struct ghost_name n = { .made_from = 0 };
	struct err *e = name_init(m, false, &n);
	int fd = -1;

	if (!e)
		e = make_dirs(&n);
	if (!e) {
		fd = open(n.dirs[0] ? n.dirs : "/", nameless_flags(m), 0600);
		if (fd < 0 && errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
			e = err_sys(errno, "cannot make a file in %s", n.dirs);
	}
	/* In a directory that goes away again the file could get no name. */
	if (!e && n.made_from && fd >= 0) {
		close(fd);
		fd = -1;
	}
	remove_dirs(&n);
	*fd_out = fd;
	return e;
}

static struct err *make_regular(struct restore *r, struct remap *m)
{
	AUTO_FD fd = -1;
	char path[64];

	TRY(open_nameless(m, &fd));
	if (fd >= 0) {
		TRY(fill(r, m, fd));
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		TRY(set_attributes(m, path));
		if (!m->nameless)
			return make_named(m, fd);
		m->fd = fd_take(&fd);
		return NULL;
	}
	/* Made with a name it cannot be what it was any more. */
	m->nameless = NULL;
	/* A file system without O_TMPFILE, or a directory that is gone: made by name, filled when unlinked. */
	TRY(make_named(m, -1));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_sys(errno, "cannot open it for writing");
	TRY(fill(r, m, fd));
	return set_attributes(m, path);
}

static struct err *make_special(struct remap *m)
{
	char path[64];

	TRY(make_named(m, -1));
	if (S_ISLNK(m->ghost->mode))
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->fd);
	return set_attributes(m, path);
}

struct err *ghost_make(struct restore *r, struct remap *m)
{
	struct err *e = S_ISREG(m->ghost->mode) ? make_regular(r, m) : make_special(m);

	return err_context(e, "cannot make the deleted file %s again (ghost-file-%x.img)", m->path,
			   m->id);
}
