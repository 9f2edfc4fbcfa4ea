/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_SK_OPTS_H
#define FILES_SK_OPTS_H

/* Options of level SOL_SOCKET, which sockets of all families have. */

#include "sk-opts.pb-c.h"

#include "files/kind.h"

/* Reads all through @fd, a duplicate of the descriptor that @p is about.  Changes nothing. */
MUST_USE struct err *sk_opts_dump(struct dump *d, const struct fd_probe *p, int fd,
				  SkOptsEntry **out);
/* Sets what differs from what @fd has; the last thing that is done to a socket. */
MUST_USE struct err *sk_opts_restore(const SkOptsEntry *o, int fd);
/* Values of an untrusted record. */
MUST_USE struct err *sk_opts_check(const SkOptsEntry *o);

#endif
