// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dump of unlinked files ("ghosts"): nothing but the open descriptor keeps them, so their contents go into
 * ghost-file-ID.img, once for each inode.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "ghost-file.pb-c.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/options.h"
#include "files/files_priv.h"
#include "image/dir.h"

struct ghost {
	struct lookup_node node;
	uint32_t id;
	const struct fd_probe *probe;
};

/* CRIU stores files of fewer pages as plain bytes. */
enum { CHUNKS_FROM_BYTES = 3 * 4096 };

static struct err *check_limit(struct dump *d, const struct fd_probe *p)
{
	uint64_t bytes = (uint64_t)p->st.st_blocks * 512;

	if (!S_ISREG(p->st.st_mode) || bytes <= d->opts->ghost_limit)
		return NULL;
	return err_hint(fd_probe_refuse(p, "the deleted file takes %llu bytes, the limit is %llu",
					(unsigned long long)bytes,
					(unsigned long long)d->opts->ghost_limit),
			"pass --ghost-limit %lluM, or let the program close the file",
			(unsigned long long)(bytes >> 20) + 1);
}

struct err *ghost_add(struct dump *d, const struct fd_probe *p, const char *path, uint32_t id)
{
	struct dump_files *df = d->files->dump;
	uint64_t hash = lookup_hash_u64(lookup_hash_u64(0, p->st.st_dev), p->st.st_ino);
	struct ghost *g;

	if (path[0] != '/' || S_ISSOCK(p->st.st_mode))
		return err_hint(fd_probe_refuse(p,
						"a deleted file of this type cannot be made again"),
				"close it before the dump");
	for (struct lookup_node *n = lookup_first(&df->ghosts, hash); n; n = lookup_next(n)) {
		g = CONTAINER_OF(n, struct ghost, node);
		if (g->probe->st.st_dev == p->st.st_dev && g->probe->st.st_ino == p->st.st_ino) {
			remap_add(d, id, g->id, REMAP_TYPE__GHOST);
			return NULL;
		}
	}
	TRY(check_limit(d, p));
	TRY(lease_check_reading(p));
	g = ARENA_NEW(d->arena, struct ghost);
	df->ghost_list = arena_grow(d->arena, df->ghost_list, df->nr_ghosts,
				    sizeof(*df->ghost_list));
	df->ghost_list[df->nr_ghosts++] = g;
	g->id = (uint32_t)df->nr_ghosts;
	g->probe = p;
	lookup_add(&df->ghosts, &g->node, hash);
	remap_add(d, id, g->id, REMAP_TYPE__GHOST);
	return NULL;
}

static Timeval *time_record(struct dump *d, const struct timespec *ts)
{
	Timeval *tv = PB_NEW(d->arena, Timeval, timeval);

	tv->tv_sec = (uint64_t)ts->tv_sec;
	tv->tv_usec = (uint64_t)ts->tv_nsec / 1000;
	return tv;
}

static struct err *ghost_record(struct dump *d, const struct ghost *g, GhostFileEntry **out)
{
	GhostFileEntry *rec = PB_NEW(d->arena, GhostFileEntry, ghost_file_entry);
	const struct stat *st = &g->probe->st;

	rec->uid = st->st_uid;
	rec->gid = st->st_gid;
	rec->mode = st->st_mode;
	rec->has_dev = rec->has_ino = true;
	/* The kernel's own layout of device numbers, unlike rdev. */
	rec->dev = major(st->st_dev) << 20 | minor(st->st_dev);
	rec->ino = st->st_ino;
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		rec->has_rdev = true;
		rec->rdev = (uint32_t)st->st_rdev;
	}
	rec->atim = time_record(d, &st->st_atim);
	rec->mtim = time_record(d, &st->st_mtim);
	if (S_ISREG(st->st_mode) && st->st_size >= CHUNKS_FROM_BYTES) {
		rec->has_chunks = rec->chunks = true;
		rec->has_size = true;
		rec->size = (uint64_t)st->st_size;
	}
	*out = rec;
	return NULL;
}

static struct err *read_symlink(struct dump *d, const struct ghost *g, GhostFileEntry *rec)
{
	char target[4096];
	AUTO_FD fd = -1;

	TRY(fd_probe_reopen(g->probe, O_PATH, &fd));
	TRY(link_read_at(fd, target, sizeof(target), "%s", ""));
	rec->symlnk_target = arena_strdup(d->arena, target);
	return NULL;
}

static struct err *write_chunk(struct dump *d, const struct ghost *g, int fd, off_t start,
			       off_t end)
{
	GhostChunkEntry chunk = GHOST_CHUNK_ENTRY__INIT;

	chunk.off = (uint64_t)start;
	chunk.len = (uint64_t)(end - start);
	TRY(image_append_entry(d->images, IMAGE_GHOST_FILE, g->id, &chunk.base));
	return image_append_from_fd(d->images, IMAGE_GHOST_FILE, g->id, fd, start, chunk.len);
}

/* Data and holes as the file system tells; one that does not know holes says all is data. */
static struct err *write_chunks(struct dump *d, const struct ghost *g, int fd)
{
	off_t size = g->probe->st.st_size, start, end;

	for (end = 0; end < size;) {
		start = lseek(fd, end, SEEK_DATA);
		if (start < 0 && errno == ENXIO)
			return NULL;
		if (start < 0)
			return err_sys(errno, "cannot find the data of %s", g->probe->text);
		end = lseek(fd, start, SEEK_HOLE);
		if (end < 0)
			return err_sys(errno, "cannot find the holes of %s", g->probe->text);
		TRY(write_chunk(d, g, fd, start, end));
	}
	return NULL;
}

static struct err *write_data(struct dump *d, const struct ghost *g, const GhostFileEntry *rec)
{
	AUTO_FD fd = -1;

	TRY(fd_probe_reopen(g->probe, O_RDONLY | O_NOATIME, &fd));
	if (rec->chunks)
		return write_chunks(d, g, fd);
	return image_append_from_fd(d->images, IMAGE_GHOST_FILE, g->id, fd, 0,
				    (uint64_t)g->probe->st.st_size);
}

static struct err *ghost_write(struct dump *d, const struct ghost *g)
{
	GhostFileEntry *rec;

	TRY(ghost_record(d, g, &rec));
	if (S_ISLNK(g->probe->st.st_mode))
		TRY(read_symlink(d, g, rec));
	TRY(image_write(d->images, IMAGE_GHOST_FILE, g->id, &rec->base));
	if (S_ISREG(g->probe->st.st_mode))
		TRY(write_data(d, g, rec));
	return NULL;
}

struct err *ghosts_write(struct dump *d)
{
	const struct dump_files *df = d->files->dump;

	for (size_t i = 0; i < df->nr_ghosts; i++)
		TRY(err_context(ghost_write(d, df->ghost_list[i]),
				"cannot save the deleted file of task %d",
				df->ghost_list[i]->probe->task->host_pid));
	return NULL;
}
