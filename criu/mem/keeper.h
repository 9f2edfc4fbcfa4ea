/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_KEEPER_H
#define MEM_KEEPER_H

/*
 * The keeper: a small process that does nothing but hold userfaultfds between two dumps.  The kernel forgets what a
 * userfaultfd protects when its last descriptor closes, and the tracked tasks are to have none.  It ends when all of
 * them have, or by a signal.  Nobody talks to it: the next dump takes the descriptors it needs with pidfd_getfd(2),
 * starts a keeper of its own and ends this one.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* argv[0] of a keeper, for main(). */
#define KEEPER_NAME "criu-lite-keeper"

struct keeper_fd {
	pid_t pid; /* of the task */
	int uffd;  /* lent; has the same number in the keeper */
};

/* Starts one.  A task that has ended meanwhile is left out. */
MUST_USE struct err *keeper_start(const struct keeper_fd *fds, size_t nr, pid_t *pid_out,
				  uint64_t *start_time_out);
/* The other end of keeper_start(): main() of a program that was started by that name. */
int keeper_main(int argc, char *argv[]);

/* A copy of the keeper's descriptor; ERR_GONE if the keeper is not there any more. */
MUST_USE struct err *keeper_take(pid_t keeper, uint64_t start_time, int keeper_fd, int *fd_out);
/* Ends it and waits until it is gone; one that is gone already, or another process by now, is no failure. */
void keeper_stop(pid_t keeper, uint64_t start_time);

#endif
