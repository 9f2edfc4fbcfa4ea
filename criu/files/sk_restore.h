/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_SK_RESTORE_H
#define FILES_SK_RESTORE_H

/*
 * Restore of unix sockets.
 *
 *  sk_read.c    reads and checks
 *  sk_plan.c    sockets that are connected, or in each other's queues, become one group; sk_plan_names.c: addresses
 *  sk_names.c   coordinator: makes and binds all sockets that have an address
 *  sk_make.c    the worker that owns a group makes all of it and lends the others' ends
 *  sk_finish.c  the same worker: what was in queues, shutdown(2), options
 *
 * Nobody connects to a socket of another group, so no worker waits for another.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sk-packet.pb-c.h"
#include "sk-unix.pb-c.h"

#include "files/restore_priv.h"

enum unix_role {
	UNIX_ALONE,
	UNIX_LISTEN,
	UNIX_PAIR,     /* with a peer that is connected to it */
	UNIX_PENDING,  /* its peer is the listener that has not accepted it */
	UNIX_CONNECT,  /* a datagram socket whose peer is not connected back */
	UNIX_GONE,     /* its peer is closed */
	UNIX_OUTSIDE,  /* its peer is outside of the tree */
	UNIX_EXTERNAL, /* the one outside: only an address */
};

/* An address, and the socket of the coordinator that is bound to it. */
struct unix_name {
	const UnixSkEntry *rec; /* NULL: of somebody who is gone and is still in a queue as sender */
	const uint8_t *addr;	/* sun_path; with a NUL at the end when it is a path */
	size_t len;
	const char *path; /* where its file belongs; NULL: it has none */
	bool is_deleted;
	int type;
	bool is_pair; /* @other is connected to @fd */
	int fd, other;
	/* Of the file. */
	const char *dir;  /* our folder, while it is bound */
	const char *made; /* where in it the file is */
	bool is_new;	  /* it is at a place where no file was */
};

struct unix_sock {
	struct lookup_node by_ino, by_addr;
	struct file *file;
	const UnixSkEntry *rec;
	enum unix_role role;
	struct unix_sock *peer;
	struct unix_sock *joined; /* the plan's: leads to the one that stands for the group */
	struct unix_group *group;
	struct unix_name *name;	    /* it is bound itself */
	struct unix_name *via;	    /* it was accepted from a listener of this name */
	struct unix_sock *listener; /* ... which is this one; NULL: made for it and closed */
	struct unix_packet **queue;
	size_t nr_queue;
	/* Worker. */
	int fd;	  /* -1 until it is made */
	int gone; /* the other end, to be closed */
	bool is_connected;
};

struct unix_packet {
	const SkPacketEntry *rec;
	const void *bytes;
	struct file *to_file;
	struct unix_sock *to;
	struct unix_sock *from;	     /* NULL: not in the tree */
	struct unix_name *from_name; /* of such a one */
	struct file **rights;
	size_t nr_rights;
};

struct unix_group {
	struct file_group base;
	struct unix_sock **socks;
	size_t nr_socks;
	bool is_late; /* can be finished only when all files are open and all senders exist */
};

struct unix_restore {
	struct lookup by_ino, by_addr;
	struct unix_sock **list;
	size_t nr;
	struct unix_group **groups;
	size_t nr_groups;
	struct unix_name **names;
	size_t nr_names;
	struct unix_packet **packets;
	size_t nr_packets;
	bool has_late;
};

enum {
	UNIX_NAME_LEN = 109
}; /* sun_path has 108 bytes, and the kernel adds a NUL to a path that fills them */

/* Made when it is asked for first. */
struct unix_restore *unix_restore_get(struct restore *r);
/* NULL: there is none. */
struct unix_sock *unix_by_ino(const struct unix_restore *ur, uint32_t ino);
struct unix_sock *unix_sock_of(const struct unix_restore *ur, const struct file *f);
uint64_t unix_addr_hash(const uint8_t *addr, size_t len);
/* The descriptor of --inherit-fd fd[N]:socket:[INODE], or -1. */
int unix_find_inherited(struct restore *r, uint32_t ino);
/* Is it made here, neither outside nor inherited? */
bool unix_is_made(const struct unix_sock *s);
/* Roles are known: what @s is bound to, and whom it was accepted from. */
MUST_USE struct err *unix_plan_name(struct restore *r, struct unix_sock *s);
/* Names are known: puts @p into the queue of its socket, with its sender. */
MUST_USE struct err *unix_plan_packet(struct restore *r, struct unix_packet *p);

MUST_USE struct err *unix_link(struct restore *r, struct file *f);
/* Reads sk-queues.img; before files are linked, because files in queues have users too. */
MUST_USE struct err *unix_queues_read(struct restore *r);
/* After all files are linked.  What is wrong is added with restore_error(). */
MUST_USE struct err *unix_plan(struct restore *r);
/* Files that only queues have are opened by whoever fills the queue. */
void unix_plan_owners(struct restore *r);
/* How many descriptors above those of the tables one process has at a time; owners are known. */
size_t unix_nr_fds(const struct restore *r);

MUST_USE struct err *unix_names_make(struct restore *r);
void unix_names_drop(struct restore *r, bool is_commit);
/* In a worker, which is a copy of the coordinator. */
void unix_names_close(const struct restore_files *rf);
/* An address as it is given to bind(2) or connect(2). */
struct unix_addr {
	unsigned char bytes[128];
	unsigned int len;
};
void unix_addr_set(struct unix_addr *a, const void *path, size_t len);
/* By which @fd, bound as @rec says, is reached, wherever its file is now; *file_out is to be closed after use. */
MUST_USE struct err *unix_addr_of(const struct unix_name *n, int fd, struct unix_addr *out,
				  int *file_out);

/* Worker. */
MUST_USE struct err *unix_open(struct worker *w, struct file *f, int *fd_out);
/* Groups of @table that had to wait until all files of all tasks are open. */
MUST_USE struct err *unix_finish_late(struct worker *w, const struct fdtable *table);
/* listen(2) as the one whom SO_PEERCRED of @s shows. */
MUST_USE struct err *unix_listen(const struct unix_sock *s, int fd, int backlog);
MUST_USE struct err *unix_group_finish(struct worker *w, struct unix_group *g);
/* The coordinator's bound socket, above the floor. */
MUST_USE struct err *unix_name_take(struct worker *w, int coordinators_fd, int *fd_out);

/* Between these calls the kernel notes @rec's user and group as those of the other end (SO_PEERCRED). */
struct unix_creds {
	bool is_changed;
	int securebits;
};
MUST_USE struct err *unix_creds_enter(const UnixSkEntry *rec, struct unix_creds *c);
MUST_USE struct err *unix_creds_leave(const struct unix_creds *c);

#endif
