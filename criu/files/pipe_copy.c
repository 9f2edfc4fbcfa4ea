// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of what is in a pipe.  tee(2) puts references to the same pages into a pipe of ours, so nothing is consumed and
 * nothing in the original changes.
 *
 * Buffers that were written with O_DIRECT are packets (pipe(2)): a read ends behind each, and throws away what it has
 * no room for.  Others are a stream.  The kernel does not say which is which, and O_DIRECT may have been changed in
 * between; the two rules of reading tell it, tried out on the copy:
 *
 *	buffers   [abc][de] [PACKET] [fg] [PACKET] [hi] [x]
 *	reads     ---------------->  ------------>  ------>
 *
 * Each read but the last ends with a packet; x is a byte of ours, which shows whether the last one does.  How much in
 * front of the packet is a stream is found by halves: a read that reaches into the packet empties the copy.
 */
#include "files/pipe_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"

struct err *pipe_copier_init(struct pipe_copier *c)
{
	*c = (struct pipe_copier){ .all = { -1, -1 }, .part = { -1, -1 } };
	if (pipe2(c->all, O_CLOEXEC | O_NONBLOCK) || pipe2(c->part, O_CLOEXEC | O_NONBLOCK))
		return err_sys(errno, "cannot make a pipe");
	return NULL;
}

static void copier_free(struct pipe_copier *c)
{
	free(c->buf);
	free(c->scratch);
	free(c->reads);
	free(c->runs);
	free(c->streams);
}

void pipe_copier_fini(struct pipe_copier *c)
{
	int *const fds[] = { &c->all[0], &c->all[1], &c->part[0], &c->part[1] };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	copier_free(c);
}

/* A full copy leaves no room for the byte behind it: twice as big where that is allowed. */
static struct err *grow_pipe(int fd, int capacity)
{
	if (capacity <= INT_MAX / 2 && fcntl(fd, F_SETPIPE_SZ, 2 * capacity) >= 0)
		return NULL;
	if (fcntl(fd, F_SETPIPE_SZ, capacity) >= 0)
		return NULL;
	return err_hint(err_sys(errno, "cannot make a pipe of %d bytes to copy another", capacity),
			"raise /proc/sys/fs/pipe-max-size");
}

static struct err *copier_grow(struct pipe_copier *c, int capacity)
{
	if (capacity <= c->capacity)
		return NULL;
	TRY(grow_pipe(c->all[1], capacity));
	TRY(grow_pipe(c->part[1], capacity));
	copier_free(c);
	/* A buffer is a page or less, and holds one packet at most; ours is one more. */
	c->max_reads = (size_t)capacity / 4096 + 2;
	c->buf = malloc((size_t)capacity + 1);
	c->scratch = malloc((size_t)capacity + 1);
	c->reads = calloc(c->max_reads, sizeof(*c->reads));
	c->runs = calloc(c->max_reads, 2 * sizeof(*c->runs));
	c->streams = calloc(c->max_reads, 2 * sizeof(*c->streams));
	c->capacity = c->buf && c->scratch && c->reads && c->runs && c->streams ? capacity : 0;
	return c->capacity ? NULL : err_sys(ENOMEM, "cannot copy a pipe");
}

static struct err *copy(int from, int to, size_t len)
{
	if (tee(from, to, len, SPLICE_F_NONBLOCK) < 0)
		return err_sys(errno, "cannot copy what is in the pipe");
	return NULL;
}

/* Bytes that are left in a pipe. */
static struct err *ask_left(int fd, size_t *out)
{
	int left;

	if (ioctl(fd, FIONREAD, &left))
		return err_sys(errno, "cannot ask what is in the pipe");
	*out = (size_t)left;
	return NULL;
}

static void add_run(struct pipe_copier *c, size_t len, bool is_packet)
{
	if (!len)
		return;
	if (!is_packet)
		c->streams[c->nr_streams++] = (uint32_t)c->nr_runs;
	c->has_packets |= is_packet;
	c->runs[c->nr_runs++] = (uint32_t)len;
}

/* The next @len bytes of the copy end with a packet: does a read of @nr, less than all, reach it? */
static struct err *reaches_packet(struct pipe_copier *c, size_t len, size_t nr, bool *out)
{
	char scratch[4096];
	size_t left;

	TRY(copy(c->all[0], c->part[1], len));
	for (size_t done = 0; done < nr;) {
		ssize_t n = read(c->part[0], scratch, MIN(nr - done, sizeof(scratch)));

		if (n < 0 && errno != EAGAIN)
			return err_sys(errno, "cannot read the copy of a pipe");
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	TRY(ask_left(c->part[0], &left));
	*out = left != len - nr;
	while (read(c->part[0], scratch, sizeof(scratch)) > 0)
		;
	return NULL;
}

/* Of @len bytes that end with a packet, how many in front of it are a stream? */
static struct err *find_stream(struct pipe_copier *c, size_t len, size_t *out)
{
	size_t low = 0, high = len;

	while (high - low > 1) {
		/* Mostly there is none. */
		size_t mid = low ? low + (high - low) / 2 : 1;
		bool is_packet;

		TRY(reaches_packet(c, len, mid, &is_packet));
		if (is_packet)
			high = mid;
		else
			low = mid;
	}
	*out = low;
	return NULL;
}

/* Takes everything out of the copy and notes how long each read was. */
static struct err *drain(struct pipe_copier *c, size_t *len_out)
{
	size_t len = 0;

	c->nr_reads = 0;
	for (;;) {
		ssize_t n = read(c->all[0], c->buf + len, (size_t)c->capacity + 1 - len);

		if (n < 0 && errno != EAGAIN)
			return err_sys(errno, "cannot read the copy of a pipe");
		if (n <= 0)
			break;
		len += (size_t)n;
		BUG_ON(c->nr_reads >= c->max_reads);
		c->reads[c->nr_reads++] = (uint32_t)n;
	}
	*len_out = len;
	return NULL;
}

/* Takes the mark off the last read; did that one end with a packet? */
static bool ends_with_packet(struct pipe_copier *c)
{
	if (--c->reads[c->nr_reads - 1])
		return false;
	c->nr_reads--;
	return true;
}

/* All reads but perhaps the last end with a packet.  Goes through a second copy. */
static struct err *find_runs(struct pipe_copier *c, int fd, bool is_last_packet)
{
	TRY(copy(fd, c->all[1], INT_MAX));
	for (size_t i = 0; i < c->nr_reads; i++) {
		bool is_packet = i + 1 < c->nr_reads || is_last_packet;
		size_t len = c->reads[i], stream = len;

		if (is_packet)
			TRY(find_stream(c, len, &stream));
		add_run(c, stream, false);
		add_run(c, len - stream, true);
		if (read(c->all[0], c->scratch, len) != (ssize_t)len)
			return err_new(ERR_SYS, "cannot read the copy of a pipe a second time");
	}
	return NULL;
}

struct err *pipe_copy(struct pipe_copier *c, int fd, int capacity, bool writes_packets,
		      size_t *len_out)
{
	bool has_mark, is_last_packet = writes_packets;
	size_t queued, len;

	c->nr_runs = c->nr_streams = 0;
	c->has_packets = false;
	*len_out = 0;
	TRY(copier_grow(c, capacity));
	TRY(ask_left(fd, &queued));
	if (!queued)
		return NULL;
	TRY(copy(fd, c->all[1], INT_MAX));
	has_mark = write(c->all[1], "", 1) == 1;
	TRY(drain(c, &len));
	if (len != queued + has_mark)
		return err_new(ERR_SYS,
			       "cannot copy the pipe: %zu bytes are in it, %zu were copied", queued,
			       len - has_mark);
	if (has_mark)
		is_last_packet = ends_with_packet(c);
	*len_out = queued;
	return c->nr_reads > 1 || is_last_packet ? find_runs(c, fd, is_last_packet) : NULL;
}
