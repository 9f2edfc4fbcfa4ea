/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_TTY_PRIV_H
#define FILES_TTY_PRIV_H

#include "files/restore_priv.h"

MUST_USE struct err *tty_link(struct restore *r, struct file *f);
MUST_USE struct err *tty_open(struct worker *w, struct file *f, int *fd_out);

#endif
