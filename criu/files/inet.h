/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_INET_H
#define FILES_INET_H

/*
 * Sockets of IP and IPv6:
 *
 *  sk_inet.c      the kind, and its dump
 *  inet_opts.c    options of levels above SOL_SOCKET, by table
 *  inet_groups.c  multicast groups
 *  inet_diag.c    how UDP is shut down
 *  inet_make.c    restore
 */

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>

#include "sk-inet.pb-c.h"

#include "files/restore_priv.h"

union inet_addr {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Length of a socket address, and of the address in it in bytes. */
socklen_t inet_addr_len(uint32_t family);
size_t inet_addr_bytes(uint32_t family);
/* "127.0.0.1:80", "[::1]:80"; from @a. */
const char *inet_addr_text(struct arena *a, const union inet_addr *addr);
/* "TCP socket", "UDP-Lite socket"... for messages. */
const char *inet_proto_text(uint32_t proto);
/* Of TCP, in any state that has a peer; only --tcp-close takes such records, without what they had. */
bool inet_is_connection(const InetSkEntry *rec);

/* Fills more_opts, ip_opts, tcp_opts, v6only and congestion through @fd.  What cannot be kept is refused. */
MUST_USE struct err *inet_opts_dump(struct dump *d, const struct fd_probe *p, int fd,
				    InetSkEntry *rec);
/* Values of an untrusted record. */
MUST_USE struct err *inet_opts_check(const InetSkEntry *rec);
/* Sets what the record has; the socket is not bound yet. */
MUST_USE struct err *inet_opts_restore(const InetSkEntry *rec, int fd);
/* What holds back data, when the socket has its peer. */
MUST_USE struct err *inet_opts_restore_late(const InetSkEntry *rec, int fd);

/* Groups the socket has joined. */
MUST_USE struct err *inet_groups_dump(struct dump *d, const struct fd_probe *p, int fd,
				      InetSkEntry *rec);
MUST_USE struct err *inet_groups_check(const InetSkEntry *rec);
MUST_USE struct err *inet_groups_restore(const InetSkEntry *rec, int fd);

/* Which directions of the UDP socket that @rec is about are shut down: 1 receiving, 2 sending; 0 of one without a port. */
MUST_USE struct err *inet_shutdown_find(struct dump *d, const InetSkEntry *rec, uint32_t *how_out);

MUST_USE struct err *inet_link(struct restore *r, struct file *f);
MUST_USE struct err *inet_open(struct worker *w, struct file *f, int *fd_out);
MUST_USE struct err *inet_finish(struct worker *w, struct file *f, int fd);

#endif
