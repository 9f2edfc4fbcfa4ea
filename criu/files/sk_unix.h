/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_SK_UNIX_H
#define FILES_SK_UNIX_H

/* Dump of unix sockets: what its parts share. */

#include "sk-unix.pb-c.h"

#include "files/files_priv.h"
#include "files/sk_diag.h"
#include "files/sk_queue.h"

/* A socket of the tree; also one that only a queue of another has. */
struct unix_dump {
	struct lookup_node node; /* by inode */
	const struct fd_probe *probe;
	UnixSkEntry *rec;
	const struct unix_diag *diag;
};

struct unix_dumps {
	struct unix_diags diags;
	struct lookup by_ino;
	struct unix_dump **list;
	size_t nr;
	struct lookup externals; /* struct unix_dump of sockets outside, by inode */
	struct sk_queues queues;
};

/* Fills name, name_dir, path, deleted and file_perms through @fd. */
MUST_USE struct err *unix_name_dump(struct dump *d, const struct fd_probe *p, int fd,
				    UnixSkEntry *rec);
/* All sockets and queues are known: who is connected to whom, and what of it cannot be kept. */
MUST_USE struct err *unix_peers_check(struct dump *d, struct unix_dumps *all);

#endif
