/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_EPOLL_OPEN_H
#define FILES_EPOLL_OPEN_H

/* epoll on restore; struct file_kind tells what each does. */

#include "files/kind.h"

MUST_USE struct err *epoll_link(struct restore *r, struct file *f);
MUST_USE struct err *epoll_open(struct worker *w, struct file *f, int *fd_out);
MUST_USE struct err *epoll_finish(struct worker *w, struct file *f, int fd);

#endif
