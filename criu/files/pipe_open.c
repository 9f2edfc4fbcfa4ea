// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes pipes and fifos again: one worker makes all ends, puts back what was in the buffer and leaves the ends
 * that it has not been asked for yet in restore_files.made.
 */
#include "files/pipe_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "image/dir.h"

/* The kernel's O_LARGEFILE, which is 0 in the C library's headers of a 64-bit machine. */
#define LARGEFILE_BIT 0100000u

/* What fcntl can change of a pipe's flags. */
#define PIPE_SETFL (O_NONBLOCK | O_APPEND | O_DIRECT | O_NOATIME)

static struct pipe_group *find_group(const struct restore_files *rf, bool is_fifo, uint32_t pipe_id)
{
	struct lookup_node *n = lookup_first(&rf->groups, lookup_hash_u64(is_fifo, pipe_id));

	for (; n; n = lookup_next(n)) {
		struct pipe_group *g = CONTAINER_OF(n, struct pipe_group, node);

		if (g->is_fifo == is_fifo && g->pipe_id == pipe_id)
			return g;
	}
	return NULL;
}

static struct pipe_group *get_group(struct restore *r, bool is_fifo, uint32_t pipe_id)
{
	struct restore_files *rf = r->files->restore;
	struct pipe_group *g = find_group(rf, is_fifo, pipe_id);

	if (g)
		return g;
	g = ARENA_NEW(r->arena, struct pipe_group);
	g->is_fifo = is_fifo;
	g->pipe_id = pipe_id;
	lookup_add(&rf->groups, &g->node, lookup_hash_u64(is_fifo, pipe_id));
	rf->group_list = arena_grow(r->arena, rf->group_list, rf->nr_groups,
				    sizeof(*rf->group_list));
	rf->group_list[rf->nr_groups++] = g;
	return g;
}

/* The record with path and flags behind a fifo. */
static struct file *fifo_path(const struct files *fs, const struct file *f)
{
	return f->rec->fifo->has_regf_id ? file_by_id(fs, f->rec->fifo->regf_id) : NULL;
}

static struct err *check_fifo(struct restore *r, struct file *f)
{
	struct file *reg = fifo_path(r->files, f);

	if (!reg || !reg->rec->reg)
		return err_new(ERR_IMAGE, "files.img: fifo %u has no record of its path", f->id);
	reg->path_of = f;
	f->inherited = inherited_find(r, reg->rec->reg->name + (reg->rec->reg->name[0] == '/'));
	return NULL;
}

struct err *pipe_link(struct restore *r, struct file *f)
{
	bool is_fifo = f->rec->type == FD_TYPES__FIFO;
	struct pipe_group *g;
	char key[32];

	if (is_fifo) {
		TRY(check_fifo(r, f));
	} else {
		snprintf(key, sizeof(key), "pipe:[%u]", f->rec->pipe->pipe_id);
		f->inherited = inherited_find(r, key);
	}
	if (f->inherited >= 0 || !f->user)
		return NULL;
	if (!is_fifo && f->rec->pipe->external)
		return err_hint(err_new(ERR_USAGE,
					"cannot restore %s: its pipe was dumped as external",
					file_user(r, f)),
				"pass --inherit-fd fd[N]:%s", key);
	g = get_group(r, is_fifo, is_fifo ? f->rec->fifo->pipe_id : f->rec->pipe->pipe_id);
	file_group_add(r, &g->base, f);
	return NULL;
}

static struct err *check_packets(const struct image_stream *s, const PipeDataEntry *rec)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < rec->n_packet_len; i++)
		sum += rec->packet_len[i];
	if (rec->n_packet_len && sum != rec->bytes)
		return image_stream_err(s, "pipe %u: %llu bytes in packets, %u bytes in all",
					rec->pipe_id, (unsigned long long)sum, rec->bytes);
	for (size_t i = 0; i < rec->n_stream_run; i++)
		if (rec->stream_run[i] >= rec->n_packet_len ||
		    (i && rec->stream_run[i] <= rec->stream_run[i - 1]))
			return image_stream_err(s, "pipe %u: no packet %u, or not in order",
						rec->pipe_id, rec->stream_run[i]);
	return NULL;
}

static struct err *read_data(struct restore *r, bool is_fifo)
{
	struct restore_files *rf = r->files->restore;
	struct image_stream *s;
	ProtobufCMessage *msg;

	TRY(image_open(r->images, is_fifo ? IMAGE_FIFO_DATA : IMAGE_PIPES_DATA, 0, &s));
	/* The bytes are lent by the stream: it stays open until the tree is complete. */
	rf->streams[is_fifo ? STREAM_FIFOS : STREAM_PIPES] = s;
	for (;;) {
		struct pipe_group *g;
		PipeDataEntry *rec;

		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			return NULL;
		rec = (PipeDataEntry *)msg;
		TRY(check_packets(s, rec));
		g = find_group(rf, is_fifo, rec->pipe_id);
		if (!g)
			continue;
		if (g->data)
			return image_stream_err(s, "pipe %u is there twice", rec->pipe_id);
		g->data = rec;
		TRY(image_payload(s, rec->bytes, &g->bytes));
	}
}

struct err *pipe_data_read(struct restore *r)
{
	TRY(read_data(r, false));
	return read_data(r, true);
}

static struct err *set_size(const struct pipe_group *g, int fd)
{
	int size = fcntl(fd, F_GETPIPE_SZ);

	if (size < 0)
		return err_sys(errno, "cannot ask for the size of pipe %u", g->pipe_id);
	if (!g->data || !g->data->has_size || g->data->size == (uint32_t)size)
		return NULL;
	if (fcntl(fd, F_SETPIPE_SZ, (int)g->data->size) < 0)
		return err_hint(err_sys(errno, "cannot make pipe %u %u bytes big", g->pipe_id,
					g->data->size),
				"raise /proc/sys/fs/pipe-max-size");
	return NULL;
}

static struct err *put(const struct pipe_group *g, int fd, size_t off, size_t len)
{
	ssize_t n = write(fd, (const char *)g->bytes + off, len);

	if (n == (ssize_t)len)
		return NULL;
	return err_new(ERR_IMAGE, "cannot fill pipe %u: only %zd of %zu bytes fit in", g->pipe_id,
		       n, len);
}

static struct err *set_packets(const struct pipe_group *g, int fd, bool on)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK | (on ? O_DIRECT : 0)))
		return err_sys(errno, "cannot set the flags of pipe %u", g->pipe_id);
	return NULL;
}

static struct err *put_packets(const struct pipe_group *g, int fd)
{
	const PipeDataEntry *rec = g->data;
	size_t off = 0, next = 0;

	for (size_t i = 0; i < rec->n_packet_len; i++) {
		bool is_stream = next < rec->n_stream_run && rec->stream_run[next] == i;

		next += is_stream;
		TRY(set_packets(g, fd, !is_stream));
		TRY(put(g, fd, off, rec->packet_len[i]));
		off += rec->packet_len[i];
	}
	return NULL;
}

static struct err *refill(const struct pipe_group *g, int fd)
{
	TRY(set_size(g, fd));
	if (!g->data || !g->data->bytes)
		return NULL;
	if (g->data->n_packet_len)
		return put_packets(g, fd);
	TRY(set_packets(g, fd, false));
	return put(g, fd, 0, g->data->bytes);
}

static struct pipe_group *group_of(const struct file *f)
{
	return CONTAINER_OF(f->group, struct pipe_group, base);
}

/* Another end of the same pipe, as an open file of its own. */
static struct err *reopen(struct worker *w, const struct file *f, int end, int *fd_out)
{
	int flags = (int)file_flags(w->restore->files, f);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", end);
	fd = open(path, (flags & O_ACCMODE) | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(errno, "cannot open another end of pipe %u", group_of(f)->pipe_id);
	*fd_out = fd;
	return NULL;
}

/* The ends that pipe(2) gave are for those that were made so too; each open(2) sets O_LARGEFILE. */
static struct err *take_end(struct worker *w, const struct file *f, int ends[2], bool taken[2],
			    int *fd_out)
{
	uint32_t flags = file_flags(w->restore->files, f);
	int side = (flags & O_ACCMODE) == O_WRONLY;

	if ((flags & O_ACCMODE) == O_RDWR || flags & LARGEFILE_BIT || taken[side])
		return reopen(w, f, ends[side], fd_out);
	taken[side] = true;
	*fd_out = ends[side];
	return NULL;
}

static struct err *keep_end(struct worker *w, const struct file *f, int own_fd)
{
	AUTO_FD fd = own_fd;

	if (fcntl(fd, F_SETFL, file_flags(w->restore->files, f) & PIPE_SETFL))
		return err_sys(errno, "cannot set the flags of pipe %u", group_of(f)->pipe_id);
	return file_group_keep(w, f, fd_take(&fd));
}

static struct err *make_pipe(struct worker *w, const struct pipe_group *g)
{
	int *made = w->restore->files->restore->made;
	bool taken[2] = { false, false };
	int ends[2];
	struct err *e;

	if (pipe2(ends, O_CLOEXEC))
		return err_sys(errno, "cannot make pipe %u", g->pipe_id);
	e = refill(g, ends[1]);
	/* All are there before the first is moved away from the number by which others are opened. */
	for (size_t i = 0; !e && i < g->base.nr_ends; i++)
		e = take_end(w, g->base.ends[i], ends, taken, &made[g->base.ends[i]->index]);
	for (int side = 0; side < 2; side++)
		if (!taken[side])
			close(ends[side]);
	for (size_t i = 0; !e && i < g->base.nr_ends; i++)
		e = keep_end(w, g->base.ends[i], made[g->base.ends[i]->index]);
	return e;
}

/* Who has it open keeps its buffer: what is in there would come in front of what the image has. */
static struct err *check_empty(const char *name, int fd)
{
	int left = 0;

	if (ioctl(fd, FIONREAD, &left))
		return err_sys(errno, "cannot ask what is in fifo %s", name);
	if (!left)
		return NULL;
	return err_hint(
		err_new(ERR_SYS,
			"cannot restore fifo %s: another process has it open, with %d bytes in it",
			name, left),
		"let it close the fifo, then restore again");
}

/* Open for both first: opening one side alone would wait for the other. */
static struct err *make_fifo(struct worker *w, const struct pipe_group *g)
{
	const struct files *fs = w->restore->files;
	AUTO_FD both = -1;

	TRY(regular_open_path(w, fifo_path(fs, g->base.ends[0]), O_RDWR | O_NONBLOCK, &both));
	TRY(check_empty(fifo_path(fs, g->base.ends[0])->rec->reg->name, both));
	TRY(refill(g, both));
	for (size_t i = 0; i < g->base.nr_ends; i++) {
		const struct file *reg = fifo_path(fs, g->base.ends[i]);
		int fd;

		TRY(regular_open_path(w, reg, (int)reg->rec->reg->flags | O_NONBLOCK, &fd));
		TRY(keep_end(w, g->base.ends[i], fd));
	}
	return NULL;
}

struct err *pipe_open(struct worker *w, struct file *f, int *fd_out)
{
	int *made = w->restore->files->restore->made;
	struct pipe_group *g = group_of(f);

	if (!made[f->index])
		TRY(g->is_fifo ? make_fifo(w, g) : make_pipe(w, g));
	*fd_out = made[f->index];
	made[f->index] = 0;
	return NULL;
}
