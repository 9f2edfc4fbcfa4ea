/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Whole buffer or a failure; EINTR and short counts are handled.  End of file is ERR_IMAGE. */
MUST_USE struct err *fd_read_all(int fd, void *buf, size_t len);
MUST_USE struct err *fd_pread_all(int fd, void *buf, size_t len, off_t pos);
MUST_USE struct err *fd_write_all(int fd, const void *buf, size_t len);
MUST_USE struct err *fd_pwrite_all(int fd, const void *buf, size_t len, off_t pos);

/*
 * The whole of a file whose size is not known (as in /proc) in a heap buffer with a NUL behind the
 * last byte.  @len_out may be NULL.  At most 1 GiB.
 */
MUST_USE struct err *fd_slurp(int fd, char **own_text_out, size_t *len_out);
MUST_USE PRINTF_LIKE(4, 5) struct err *file_slurp_at(int dirfd, char **own_text_out,
						     size_t *len_out, const char *path_fmt, ...);
/* openat with O_CLOEXEC and a failure that names the path. */
MUST_USE PRINTF_LIKE(4, 5) struct err *fd_open_at(int dirfd, int flags, int *fd_out,
						  const char *path_fmt, ...);
/* readlinkat into @buf, NUL-terminated; too long is a failure. */
MUST_USE PRINTF_LIKE(4, 5) struct err *link_read_at(int dirfd, char *buf, size_t len,
						    const char *path_fmt, ...);

/*
 * Two descriptors for each task, and what the images need: the soft limit is only a default and becomes the hard one.
 */
void fd_limit_raise(void);

/*
 * Moves a descriptor of the tool to a number not below @floor, close-on-exec, and closes the old one;
 * in a worker the tool's own descriptors sit above those to be restored.
 */
MUST_USE struct err *fd_move_up(int *fd, int floor);

#endif
