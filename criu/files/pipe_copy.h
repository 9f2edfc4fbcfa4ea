/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_PIPE_COPY_H
#define FILES_PIPE_COPY_H

/* Reads what is in a pipe without taking it out. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* One for a whole dump: pipes of ours and room for what they may hold. */
struct pipe_copier {
	int all[2];  /* a copy of the whole pipe */
	int part[2]; /* of a part of it, to try out where a packet begins */
	int capacity;
	char *buf;
	char *scratch;
	uint32_t *reads; /* how much each read of the contents gave */
	size_t nr_reads, max_reads;
	/* Lengths of what the contents are made of, and which of them are no packets but a stream. */
	uint32_t *runs;
	size_t nr_runs;
	uint32_t *streams; /* places in @runs */
	size_t nr_streams;
	bool has_packets; /* else the contents are one stream */
};

MUST_USE struct err *pipe_copier_init(struct pipe_copier *c);
void pipe_copier_fini(struct pipe_copier *c);
/*
 * The contents of pipe @fd, whose buffer holds @capacity bytes, into @c->buf.  @writes_packets says what the last
 * bytes are when nothing else tells: is O_DIRECT set?
 */
MUST_USE struct err *pipe_copy(struct pipe_copier *c, int fd, int capacity, bool writes_packets,
			       size_t *len_out);

#endif
