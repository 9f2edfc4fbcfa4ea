// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dump of what is in pipes and fifos.  tee(2) puts references to the same pages into a pipe of ours, so
 * nothing is consumed and nothing in the original changes.
 */
#include "files/pipe_data.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "image/dir.h"

/* One for a whole dump: our pipe and room for what it may hold. */
struct copier {
	int ends[2];
	int capacity;
	char *buf;
	uint32_t *packets; /* lengths of the reads */
	size_t nr_packets;
};

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

static struct err *copier_grow(struct copier *c, int capacity)
{
	if (capacity <= c->capacity)
		return NULL;
	if (fcntl(c->ends[1], F_SETPIPE_SZ, capacity) < 0)
		return err_hint(err_sys(errno, "cannot make a pipe of %d bytes to copy another",
					capacity),
				"raise /proc/sys/fs/pipe-max-size");
	free(c->buf);
	free(c->packets);
	c->buf = malloc((size_t)capacity);
	c->packets = calloc((size_t)capacity / 4096 + 1, sizeof(*c->packets));
	c->capacity = c->buf && c->packets ? capacity : 0;
	return c->capacity ? NULL : err_sys(ENOMEM, "cannot copy a pipe");
}

/* Everything out of our pipe; a packet ends a read. */
static struct err *drain(struct copier *c, size_t *len_out)
{
	size_t len = 0, max = (size_t)c->capacity / 4096 + 1;

	c->nr_packets = 0;
	for (;;) {
		ssize_t n = read(c->ends[0], c->buf + len, (size_t)c->capacity - len);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return err_sys(errno, "cannot read the copy of a pipe");
		if (!n)
			break;
		len += (size_t)n;
		BUG_ON(c->nr_packets >= max);
		c->packets[c->nr_packets++] = (uint32_t)n;
	}
	*len_out = len;
	return NULL;
}

static struct err *copy_one(struct copier *c, const struct pipe_dump *pd, int fd, size_t *len_out)
{
	int queued = 0;

	*len_out = 0;
	if (ioctl(fd, FIONREAD, &queued))
		return err_sys(errno, "cannot ask what is in the pipe");
	if (!queued)
		return NULL;
	if (tee(fd, c->ends[1], INT_MAX, SPLICE_F_NONBLOCK) < 0)
		return err_sys(errno, "cannot copy what is in the pipe");
	TRY(drain(c, len_out));
	if (*len_out != (size_t)queued)
		return err_new(ERR_SYS, "cannot copy pipe %u: %d bytes are in it, %zu were copied",
			       pd->pipe_id, queued, *len_out);
	return NULL;
}

static struct err *write_one(struct dump *d, struct copier *c, const struct pipe_dump *pd)
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
	if (pd->reader) {
		TRY(copier_grow(c, capacity));
		TRY(copy_one(c, pd, fd, &len));
		if (c->nr_packets > 1 || (len && pd->writer && pd->writer->flags & O_DIRECT)) {
			rec.packet_len = c->packets;
			rec.n_packet_len = c->nr_packets;
		}
	}
	rec.pipe_id = pd->pipe_id;
	rec.bytes = (uint32_t)len;
	rec.has_size = true;
	rec.size = (uint32_t)capacity;
	TRY(image_write(d->images, kind, 0, &rec.base));
	return len ? image_append(d->images, kind, 0, c->buf, len) : NULL;
}

static struct err *write_all(struct dump *d, struct copier *c, bool is_fifo)
{
	const struct dump_files *df = d->files->dump;

	for (size_t i = 0; i < df->nr_pipes; i++) {
		const struct pipe_dump *pd = df->pipe_list[i];
		const struct fd_probe *p = pd->reader ? pd->reader : pd->writer;

		c->nr_packets = 0;
		if (pd->is_fifo == is_fifo && p && !pd->is_external)
			TRY(err_context(write_one(d, c, pd), "fd %d of task %d (%s)", p->fd,
					p->task->host_pid, p->text));
	}
	return NULL;
}

struct err *pipe_data_write(struct dump *d, bool is_fifo)
{
	struct copier c = { .ends = { -1, -1 } };
	struct err *e;

	if (pipe2(c.ends, O_CLOEXEC | O_NONBLOCK))
		return err_sys(errno, "cannot make a pipe");
	e = write_all(d, &c, is_fifo);
	close(c.ends[0]);
	close(c.ends[1]);
	free(c.buf);
	free(c.packets);
	return e;
}
