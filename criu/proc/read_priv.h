/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_READ_PRIV_H
#define PROC_READ_PRIV_H

/* How the readers of this room read. */

#include <stddef.h>

#include "base/err.h"

enum { PROC_SMALL = 4096 };

/* As openat; a task that is gone (ENOENT of its directory, ESRCH) is ERR_GONE. */
MUST_USE struct err *proc_open_file(int dirfd, const char *path, int flags, int *fd_out);
/*
 * A file known to be short in one read, without a heap buffer: fast.  At most PROC_SMALL - 1 bytes
 * + NUL.
 */
MUST_USE struct err *proc_read_small(int dirfd, const char *path, char buf[PROC_SMALL],
				     size_t *len_out);
/* A file of any size. */
MUST_USE struct err *proc_slurp(int dirfd, const char *path, char **own_text_out, size_t *len_out);

#endif
