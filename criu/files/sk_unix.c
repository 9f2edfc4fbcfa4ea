// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unix sockets, the kind.  Each socket is a UNIXSK entry; `peer` is the inode number of the one it is connected to, of a
 * connection that waits to be accepted that of the listener.  sk_name.c dumps addresses, sk_queue.c what was received,
 * sk_peers.c who is connected to whom; a restore begins in sk_read.c.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "files/sk_opts.h"
#include "files/sk_restore.h"
#include "files/sk_unix.h"

static bool unix_matches(const struct fd_probe *p)
{
	int family;
	socklen_t len = sizeof(family);

	return S_ISSOCK(p->st.st_mode) && p->dup >= 0 && !(p->flags & O_PATH) &&
	       !getsockopt(p->dup, SOL_SOCKET, SO_DOMAIN, &family, &len) && family == AF_UNIX;
}

/* The kernel is asked once, when the first is seen: nothing of a stopped tree changes after that. */
static struct err *dumps_get(struct dump *d, struct unix_dumps **out)
{
	struct dump_files *df = d->files->dump;

	if (!df->unix_sks) {
		struct unix_dumps *all = ARENA_NEW(d->arena, struct unix_dumps);

		all->by_ino.arena = all->externals.arena = d->arena;
		TRY(sk_diag_unix(d->arena, &all->diags));
		df->unix_sks = all;
	}
	*out = df->unix_sks;
	return NULL;
}

static struct err *failed(const struct fd_probe *p, const char *what)
{
	return err_sys(errno, "cannot read %s of fd %d of task %d", what, p->fd, p->task->host_pid);
}

/* Who made the other end, or called listen(2); and who owns the inode. */
static struct err *creds_dump(const struct fd_probe *p, UnixSkEntry *rec)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(p->dup, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return failed(p, "SO_PEERCRED");
	if (peer.pid) {
		rec->has_peer_pid = rec->has_peer_uid = rec->has_peer_gid = true;
		rec->peer_pid = (uint32_t)peer.pid;
		rec->peer_uid = peer.uid;
		rec->peer_gid = peer.gid;
	}
	rec->has_uid = p->st.st_uid;
	rec->uid = p->st.st_uid;
	rec->has_gid = p->st.st_gid;
	rec->gid = p->st.st_gid;
	return NULL;
}

/* SO_ERROR would take it away; of unix sockets it is always the same. */
static struct err *error_dump(const struct fd_probe *p, UnixSkEntry *rec)
{
	struct pollfd fd = { .fd = p->dup };

	if (poll(&fd, 1, 0) < 0)
		return failed(p, "the state");
	if (fd.revents & POLLERR) {
		rec->has_pending_error = true;
		rec->pending_error = ECONNRESET;
	}
	return NULL;
}

static void state_dump(const struct dump *d, const struct unix_diag *diag, UnixSkEntry *rec)
{
	const TaskKobjIdsEntry *ids = d->tree.root->ids;

	rec->ino = diag->ino;
	rec->type = diag->type;
	rec->state = diag->state;
	rec->backlog = diag->state == SK_STATE_LISTEN ? diag->backlog : 0;
	rec->has_shutdown = diag->shutdown;
	rec->shutdown = (SkShutdown)(diag->shutdown & 3);
	rec->has_ns_id = ids && ids->has_net_ns_id;
	rec->ns_id = rec->has_ns_id ? ids->net_ns_id : 0;
}

static struct err *unix_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	struct unix_dump *u = ARENA_NEW(d->arena, struct unix_dump);
	UnixSkEntry *r = PB_NEW(d->arena, UnixSkEntry, unix_sk_entry);
	struct unix_dumps *all;

	TRY(dumps_get(d, &all));
	u->diag = unix_diag_find(&all->diags, (uint32_t)p->st.st_ino);
	if (!u->diag)
		return err_hint(fd_probe_refuse(p, "it belongs to another network namespace"),
				"run the tool in the namespace that the socket was made in");
	u->probe = p;
	u->rec = r;
	r->id = rec->id;
	r->flags = p->flags;
	state_dump(d, u->diag, r);
	TRY(unix_name_dump(d, p, p->dup, r));
	TRY(creds_dump(p, r));
	TRY(error_dump(p, r));
	TRY(sk_opts_dump(d, p, p->dup, &r->opts));
	TRY(fown_ask(d, p, &r->fown));
	rec->usk = r;
	all->list = arena_grow(d->arena, all->list, all->nr, sizeof(*all->list));
	all->list[all->nr++] = u;
	lookup_add(&all->by_ino, &u->node, lookup_hash_u64(0, r->ino));
	return NULL;
}

/* Queues first: what is in them can be sockets that the list gets while it is gone through. */
static struct err *unix_check(struct dump *d)
{
	struct unix_dumps *all = d->files->dump->unix_sks;

	for (size_t i = 0; all && i < all->nr; i++) {
		const struct unix_dump *u = all->list[i];

		if (u->rec->state == SK_STATE_LISTEN)
			continue;
		TRY(files_blocker(d, sk_queue_copy(d, &all->queues, u->probe, u->rec->id,
						   u->rec->shutdown & 1)));
	}
	return all ? unix_peers_check(d, all) : NULL;
}

static struct err *unix_write(struct dump *d)
{
	const struct unix_dumps *all = d->files->dump->unix_sks;

	return all ? sk_queues_write(d, &all->queues) : NULL;
}

const struct file_kind file_kind_unix = {
	.name = "unix",
	.type = FD_TYPES__UNIXSK,
	.member = offsetof(FileEntry, usk),
	.about = "unix sockets of all types: addresses, connections, options, what was received "
		 "and not read, with the descriptors in it",
	.since = "5.4",
	.option = "--ext-unix-sk for peers of datagram sockets outside of the tree; --external "
		  "unix[INODE], or --inherit-fd fd[N]:socket:[INODE], for others",
	.matches = unix_matches,
	.dump = unix_dump,
	.check = unix_check,
	.write = unix_write,
	.link_up = unix_link,
	.open = unix_open,
};
