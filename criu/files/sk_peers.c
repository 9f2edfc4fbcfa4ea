// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dump: who is connected to whom.  Peers outside of the tree are refused by name, or become records of their own
 * that a restore connects to anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include "base/options.h"
#include "files/sk_unix.h"

static struct unix_dump *find(const struct lookup *l, uint32_t ino)
{
	struct lookup_node *n = lookup_first(l, lookup_hash_u64(0, ino));

	for (; n; n = lookup_next(n)) {
		struct unix_dump *u = CONTAINER_OF(n, struct unix_dump, node);

		if (u->rec->ino == ino)
			return u;
	}
	return NULL;
}

/* " \"NAME\"" with @ for a leading NUL, or nothing. */
static const char *name_text(struct arena *a, const struct unix_diag *s)
{
	const char *name = s ? s->name : NULL;

	if (!name || !s->name_len)
		return "";
	if (name[0])
		return arena_printf(a, " \"%.*s\"", (int)s->name_len, name);
	return arena_printf(a, " \"@%.*s\"", (int)s->name_len - 1, name + 1);
}

static const char *outsider_text(struct dump *d, uint32_t ino)
{
	const struct unix_diags *diags = &d->files->dump->unix_sks->diags;
	const char *owner = sk_owner_text(d->arena, ino);

	return arena_printf(d->arena, "socket:[%u]%s of %s%s", ino,
			    name_text(d->arena, unix_diag_find(diags, ino)),
			    owner ? "process " : "a process that is not seen from here",
			    owner ? owner : "");
}

static struct err *refuse_peer(struct dump *d, const struct unix_dump *u, uint32_t peer)
{
	struct err *e = fd_probe_refuse(u->probe, "its peer %s is outside of the dumped tree",
					outsider_text(d, peer));

	if (u->rec->type == SOCK_DGRAM)
		return err_hint(e, "pass --ext-unix-sk to connect it again at the restore, or dump "
				   "its peer too");
	return err_hint(e,
			"pass --external unix[%u] to connect it anew at the restore or to give "
			"another end with --inherit-fd fd[N]:socket:[%u], or dump its peer too",
			peer, u->rec->ino);
}

static bool is_allowed(const struct dump *d, const struct unix_dump *u, uint32_t peer)
{
	const uint32_t inos[] = { u->rec->ino, peer };
	char key[32];

	if (u->rec->type == SOCK_DGRAM && d->opts->ext_unix_sk)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(inos); i++) {
		snprintf(key, sizeof(key), "unix[%u]", inos[i]);
		if (files_is_external(d->opts, key))
			return true;
		snprintf(key, sizeof(key), "socket:[%u]", inos[i]);
		if (files_is_external(d->opts, key))
			return true;
	}
	return false;
}

/* What a restore connects to: an entry without any descriptor.  CRIU writes type and state so, whatever they are. */
static void add_external(struct dump *d, struct unix_dumps *all, const struct unix_dump *u,
			 uint32_t ino)
{
	const struct unix_diag *diag = unix_diag_find(&all->diags, ino);
	struct unix_dump *x = ARENA_NEW(d->arena, struct unix_dump);
	UnixSkEntry *r = PB_NEW(d->arena, UnixSkEntry, unix_sk_entry);
	struct file *f = files_new(d, &file_kind_unix, u->probe);

	r->id = f->id;
	r->ino = ino;
	r->type = SOCK_DGRAM;
	r->state = SK_STATE_LISTEN;
	r->uflags = UNIX_SK_EXTERNAL;
	r->opts = PB_NEW(d->arena, SkOptsEntry, sk_opts_entry);
	r->fown = fown_none(d);
	if (diag && diag->name) {
		r->name.data = arena_memdup(d->arena, diag->name, diag->name_len);
		r->name.len = diag->name_len;
	}
	f->rec->usk = r;
	x->rec = r;
	lookup_add(&all->externals, &x->node, lookup_hash_u64(0, ino));
}

static struct err *outside(struct dump *d, struct unix_dumps *all, struct unix_dump *u,
			   uint32_t peer)
{
	const struct unix_diag *diag = unix_diag_find(&all->diags, peer);
	const char *name = diag ? diag->name : NULL;

	if (!is_allowed(d, u, peer))
		return refuse_peer(d, u, peer);
	if (name && name[0] && name[0] != '/')
		return err_hint(fd_probe_refuse(u->probe, "its peer %s has a relative name",
						outsider_text(d, peer)),
				"let the other process bind its socket to an absolute path");
	if (!find(&all->externals, peer))
		add_external(d, all, u, peer);
	u->rec->peer = peer;
	return NULL;
}

/* What a client has written can be seen by nobody but the process that accepts the connection. */
static struct err *check_pending(const struct unix_dump *u)
{
	AUTO_FD fd = -1;
	int len = 0;

	TRY(fd_probe_getfd(u->probe, &fd));
	if (ioctl(fd, SIOCOUTQ, &len))
		return err_sys(errno, "cannot ask what fd %d of task %d has sent", u->probe->fd,
			       u->probe->task->host_pid);
	if (!len)
		return NULL;
	return err_hint(fd_probe_refuse(u->probe,
					"it has sent data to a listener that has not accepted its "
					"connection yet"),
			"dump again when the connection is accepted");
}

static struct err *check_listener(struct dump *d, struct unix_dumps *all, struct unix_dump *u)
{
	for (size_t i = 0; i < u->diag->nr_icons; i++) {
		struct unix_dump *client = find(&all->by_ino, u->diag->icons[i]);

		if (client) {
			client->rec->peer = u->rec->ino;
			client->rec->has_queue_place = true;
			client->rec->queue_place = (uint32_t)i;
			TRY(files_blocker(d, check_pending(client)));
			continue;
		}
		TRY(files_blocker(
			d, err_hint(fd_probe_refuse(u->probe,
						    "a connection waits to be accepted from %s",
						    u->diag->icons[i] ?
							    outsider_text(d, u->diag->icons[i]) :
							    "a socket that is closed already"),
				    "dump again when the connection is accepted")));
	}
	return NULL;
}

/* The listener outside in whose queue @ino is; 0: none. */
static uint32_t outside_listener(const struct unix_dumps *all, uint32_t ino)
{
	for (size_t i = 0; i < all->diags.nr; i++)
		for (size_t k = 0; k < all->diags.list[i]->nr_icons; k++)
			if (all->diags.list[i]->icons[k] == ino)
				return all->diags.list[i]->ino;
	return 0;
}

static struct err *check_stream(struct dump *d, struct unix_dumps *all, struct unix_dump *u)
{
	uint32_t peer = u->diag->peer;

	if (u->rec->state != SK_STATE_ESTABLISHED || u->rec->peer)
		return NULL;
	if (!peer)
		peer = outside_listener(all, u->rec->ino);
	if (!peer)
		return NULL; /* closed */
	if (!find(&all->by_ino, peer))
		return outside(d, all, u, peer);
	u->rec->peer = peer;
	return NULL;
}

static struct err *check_dgram(struct dump *d, struct unix_dumps *all, struct unix_dump *u)
{
	const struct unix_dump *peer = find(&all->by_ino, u->diag->peer);

	if (!u->diag->has_peer)
		return NULL;
	if (!u->diag->peer) {
		u->rec->has_peer_gone = u->rec->peer_gone = true;
		return NULL;
	}
	if (!peer)
		return outside(d, all, u, u->diag->peer);
	u->rec->peer = u->diag->peer;
	if (peer->rec->name.len || peer->diag->peer == u->rec->ino)
		return NULL;
	return err_hint(fd_probe_refuse(u->probe,
					"it is connected to socket:[%u], which has no name and is "
					"not connected to it",
					u->rec->peer),
			"bind the other socket to a name");
}

struct err *unix_peers_check(struct dump *d, struct unix_dumps *all)
{
	for (size_t i = 0; i < all->nr; i++)
		if (all->list[i]->rec->state == SK_STATE_LISTEN)
			TRY(check_listener(d, all, all->list[i]));
	for (size_t i = 0; i < all->nr; i++) {
		struct unix_dump *u = all->list[i];

		TRY(files_blocker(d, u->rec->type == SOCK_DGRAM ? check_dgram(d, all, u) :
								  check_stream(d, all, u)));
	}
	return NULL;
}
