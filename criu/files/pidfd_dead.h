/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_PIDFD_DEAD_H
#define FILES_PIDFD_DEAD_H

#include "files/kind.h"

/*
 * Worker, when all tasks are born: a pidfd of a process that is dead and gone, ended as the dumped one did where that is
 * known.  Files of one worker with the same inode number are of the same process.
 */
MUST_USE struct err *pidfd_of_dead(struct worker *w, struct file *f, int *fd_out);

#endif
