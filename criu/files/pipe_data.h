/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_PIPE_DATA_H
#define FILES_PIPE_DATA_H

/*
 * What pipes and fifos have in common: bytes in a kernel buffer that two kinds of ends share.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipe-data.pb-c.h"

#include "base/err.h"
#include "files/files_priv.h"
#include "image/records.h"

/* Dump: one pipe or fifo; all that the tree has of it. */
struct pipe_dump {
	struct lookup_node node;
	uint32_t pipe_id;
	bool is_fifo;
	dev_t dev;
	ino_t ino;
	const struct fd_probe *reader; /* one that can read, or NULL */
	const struct fd_probe *writer;
	bool is_external;
};

/* Notes an end; the pipe of @p's inode. */
struct pipe_dump *pipe_dump_add(struct dump *d, const struct fd_probe *p, bool is_fifo);
/* Writes pipes-data.img or fifo-data.img. */
MUST_USE struct err *pipe_data_write(struct dump *d, bool is_fifo);

#endif
