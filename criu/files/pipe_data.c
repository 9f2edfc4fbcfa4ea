// SPDX-License-Identifier: GPL-2.0-only
/* Dump of what is in pipes and fifos; how it is copied is in pipe_copy.c. */
#include "files/pipe_data.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "files/pipe_copy.h"
#include "image/dir.h"

static uint32_t free_fifo_id(const struct dump_files *df, ino_t ino)
{
	uint32_t id = (uint32_t)ino;

	for (size_t i = 0; i < df->nr_pipes; i++) {
		const struct pipe_dump *pd = df->pipe_list[i];

		if (pd->is_fifo && pd->pipe_id == id) {
			id++;
			i = (size_t)-1;
		}
	}
	return id;
}

static struct pipe_dump *find_or_new(struct dump *d, const struct fd_probe *p, bool is_fifo)
{
	struct dump_files *df = d->files->dump;
	uint64_t hash = lookup_hash_u64(lookup_hash_u64(0, p->st.st_dev), p->st.st_ino);
	struct pipe_dump *pd;

	for (struct lookup_node *n = lookup_first(&df->pipes, hash); n; n = lookup_next(n)) {
		pd = CONTAINER_OF(n, struct pipe_dump, node);
		if (pd->dev == p->st.st_dev && pd->ino == p->st.st_ino)
			return pd;
	}
	pd = ARENA_NEW(d->arena, struct pipe_dump);
	pd->is_fifo = is_fifo;
	pd->dev = p->st.st_dev;
	pd->ino = p->st.st_ino;
	/* Inode numbers of pipes are their ids; fifos of two file systems may have the same number. */
	pd->pipe_id = is_fifo ? free_fifo_id(df, p->st.st_ino) : (uint32_t)p->st.st_ino;
	df->pipe_list = arena_grow(d->arena, df->pipe_list, df->nr_pipes, sizeof(*df->pipe_list));
	df->pipe_list[df->nr_pipes++] = pd;
	lookup_add(&df->pipes, &pd->node, hash);
	return pd;
}

struct pipe_dump *pipe_dump_add(struct dump *d, const struct fd_probe *p, bool is_fifo)
{
	struct pipe_dump *pd = find_or_new(d, p, is_fifo);
	uint32_t mode = p->flags & O_ACCMODE;

	if (mode != O_WRONLY && !pd->reader)
		pd->reader = p;
	if (mode != O_RDONLY && !pd->writer)
		pd->writer = p;
	return pd;
}

static struct err *write_one(struct dump *d, struct pipe_copier *c, const struct pipe_dump *pd)
{
	enum image_kind kind = pd->is_fifo ? IMAGE_FIFO_DATA : IMAGE_PIPES_DATA;
	const struct fd_probe *p = pd->reader ? pd->reader : pd->writer;
	PipeDataEntry rec = PIPE_DATA_ENTRY__INIT;
	AUTO_FD fd = -1;
	size_t len = 0;
	int capacity;

	TRY(fd_probe_getfd(p, &fd));
	capacity = fcntl(fd, F_GETPIPE_SZ);
	if (capacity < 0)
		return err_sys(errno, "cannot ask for the size of the pipe");
	/* What nobody can read any more is not kept. */
	if (pd->reader)
		TRY(pipe_copy(c, fd, capacity, pd->writer && pd->writer->flags & O_DIRECT, &len));
	if (len && c->has_packets) {
		rec.packet_len = c->runs;
		rec.n_packet_len = c->nr_runs;
		rec.stream_run = c->streams;
		rec.n_stream_run = c->nr_streams;
	}
	rec.pipe_id = pd->pipe_id;
	rec.bytes = (uint32_t)len;
	rec.has_size = true;
	rec.size = (uint32_t)capacity;
	TRY(image_write(d->images, kind, 0, &rec.base));
	return len ? image_append(d->images, kind, 0, c->buf, len) : NULL;
}

static struct err *write_all(struct dump *d, struct pipe_copier *c, bool is_fifo)
{
	const struct dump_files *df = d->files->dump;

	for (size_t i = 0; i < df->nr_pipes; i++) {
		const struct pipe_dump *pd = df->pipe_list[i];
		const struct fd_probe *p = pd->reader ? pd->reader : pd->writer;

		if (pd->is_fifo == is_fifo && p && !pd->is_external)
			TRY(err_context(write_one(d, c, pd), "fd %d of task %d (%s)", p->fd,
					p->task->host_pid, p->text));
	}
	return NULL;
}

struct err *pipe_data_write(struct dump *d, bool is_fifo)
{
	struct pipe_copier c;
	struct err *e = pipe_copier_init(&c);

	if (!e)
		e = write_all(d, &c, is_fifo);
	pipe_copier_fini(&c);
	return e;
}
