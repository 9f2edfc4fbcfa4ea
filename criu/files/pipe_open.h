/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_PIPE_OPEN_H
#define FILES_PIPE_OPEN_H

/* Pipes and fifos on restore: all ends of one are made together by one worker. */

#include "pipe-data.pb-c.h"

#include "files/restore_priv.h"

struct pipe_group {
	struct file_group base; /* the ends */
	struct lookup_node node;
	bool is_fifo;
	uint32_t pipe_id;
	PipeDataEntry *data; /* or NULL */
	const void *bytes;
};

MUST_USE struct err *pipe_link(struct restore *r, struct file *f);
/* The other ends are left in restore_files.made. */
MUST_USE struct err *pipe_open(struct worker *w, struct file *f, int *fd_out);

#endif
