/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_RESTORER_H
#define FLOW_RESTORER_H

/* The worker's end: the area of the restorer is put together and entered. */

#include <stdint.h>

#include "base/err.h"
#include "task/task.h"

/*
 * Worker, before the descriptors are restored and while /proc is there: sets the coredump filter
 * and opens the executable, above the floor (*exe_fd_out).
 */
MUST_USE struct err *restorer_prepare(struct worker *w, int *exe_fd_out);
/* Worker: jumps into the restorer.  Comes back only with a failure. */
MUST_USE struct err *restorer_enter(struct worker *w, int own_exe_fd);
/* Coordinator: the address of a syscall instruction in an area that starts at @area_start. */
MUST_USE struct err *restorer_syscall_ip(uint64_t area_start, uint64_t *ip_out);

#endif
