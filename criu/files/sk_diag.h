/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_SK_DIAG_H
#define FILES_SK_DIAG_H

/*
 * What the kernel tells about sockets by netlink (sock_diag(7)): the only place that says who is connected to
 * whom.  Asks the network namespace that the tool is in.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "files/lookup.h"

/* <linux/un.h>, which cannot be included beside <sys/un.h>: an O_PATH descriptor of the file bound to. */
#define SIOCUNIXFILE 0x89e0

/* A unix socket that somebody has a descriptor of, or had, or that is in flight. */
struct unix_diag {
	struct lookup_node node;
	uint32_t ino;
	uint8_t type;	  /* SOCK_ */
	uint8_t state;	  /* SK_STATE_ */
	uint8_t shutdown; /* 1: receiving, 2: sending */
	bool has_peer;	  /* of a connection not accepted yet, and with a closed one, peer is 0 */
	uint32_t peer;	  /* inode */
	const void *name; /* sun_path as given to bind(2); NULL: none */
	size_t name_len;
	const uint32_t *icons; /* of a listener: inodes of those who wait to be accepted; 0: closed */
	size_t nr_icons;
	uint32_t backlog; /* of a listener */
};

/* A bit of unix_sk_entry.uflags. */
enum { UNIX_SK_EXTERNAL = 1 };
/* Numbers of <netinet/tcp.h>, which CRIU's images use for all families. */
enum {
	SK_STATE_ESTABLISHED = 1,
	SK_STATE_SYN_SENT,
	SK_STATE_SYN_RECV,
	SK_STATE_FIN_WAIT1,
	SK_STATE_FIN_WAIT2,
	SK_STATE_TIME_WAIT,
	SK_STATE_CLOSE,
	SK_STATE_CLOSE_WAIT,
	SK_STATE_LAST_ACK,
	SK_STATE_LISTEN,
	SK_STATE_CLOSING,
};

struct unix_diags {
	struct lookup by_ino;
	struct unix_diag **list;
	size_t nr;
};

struct nlmsghdr;

/*
 * Sends @request, which begins with a struct nlmsghdr, and gives every SOCK_DIAG_BY_FAMILY message of the answer to
 * @take.  @what: "unix sockets".  ERR_KERNEL when the kernel has no @module.
 */
struct sk_diag_query {
	const void *request;
	size_t len;
	const char *what, *module;
	void (*take)(struct arena *a, void *arg, const struct nlmsghdr *head);
	void *arg;
};
MUST_USE struct err *sk_diag_ask(struct arena *a, const struct sk_diag_query *q);

/* All of this network namespace.  ERR_KERNEL when the kernel cannot tell. */
MUST_USE struct err *sk_diag_unix(struct arena *a, struct unix_diags *out);
/* One answer of the kernel, added to @t, whose arena is set; *done becomes true when it holds the last message. */
MUST_USE struct err *unix_diags_parse(struct arena *a, const void *buf, size_t len,
				      struct unix_diags *t, bool *done);
/* NULL: there is no such socket here. */
const struct unix_diag *unix_diag_find(const struct unix_diags *t, uint32_t ino);
/* A process that has a descriptor of socket @ino, by looking at all: "PID (COMM)"; NULL: none is seen. */
const char *sk_owner_text(struct arena *a, uint32_t ino);

#endif
