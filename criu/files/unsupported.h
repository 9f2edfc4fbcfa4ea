/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_UNSUPPORTED_H
#define FILES_UNSUPPORTED_H

/* What cannot be dumped: the rows are what the refusals say and what criu-lite-files(7) shows. */

#include <stddef.h>

#include "files/kind.h"

struct unsupported {
	const char *
		text; /* start of the link's text; in the other tables: what it is, for the manual */
	const char *why;
	const char *hint;
};

struct unsupported_socket {
	int family, type; /* type 0: any */
	struct unsupported row;
};

enum unsupported_type {
	UNSUPPORTED_MQUEUE,
	UNSUPPORTED_PATH_MEMFD,
	UNSUPPORTED_PATH_SOCKET,
	UNSUPPORTED_SOCKET,
	UNSUPPORTED_BLOCK,
	UNSUPPORTED_CHAR,
	UNSUPPORTED_ANY,
	NR_UNSUPPORTED_TYPES,
};

/* By the text of the link; the first that fits. */
extern const struct unsupported unsupported_links[];
extern const size_t nr_unsupported_links;
extern const struct unsupported_socket unsupported_sockets[];
extern const size_t nr_unsupported_sockets;
extern const struct unsupported unsupported_types[NR_UNSUPPORTED_TYPES];

/* The row for a file, NULL when it is of a supported kind; asks p->dup for a socket's family. */
const struct unsupported *unsupported_find(const struct fd_probe *p);
const struct unsupported *unsupported_socket_find(int family, int type);

#endif
