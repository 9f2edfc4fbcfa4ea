// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restore, worker: makes all sockets of a group.  Listeners first, then connections that were accepted, because
 * queues of listeners keep what follows: connections that were not.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/sk_restore.h"

/* Enough for everything that is connected before the real number is set. */
enum { LARGE_BACKLOG = 0x7fff };

struct err *unix_listen(const struct unix_sock *s, int fd, int backlog)
{
	struct unix_creds c;
	struct err *e;

	TRY(unix_creds_enter(s->rec, &c));
	e = listen(fd, backlog) ? err_sys(errno, "cannot listen") : NULL;
	return err_join(e, unix_creds_leave(&c));
}

static struct err *make_listener(struct worker *w, struct unix_sock *s)
{
	if (!s->name)
		return err_new(ERR_IMAGE, "a socket without a name cannot listen");
	TRY(unix_name_take(w, s->name->fd, &s->fd));
	return unix_listen(s, s->fd, LARGE_BACKLOG);
}

static struct err *make_plain(struct worker *w, const struct unix_sock *s, int *fd_out)
{
	if (s->name)
		return unix_name_take(w, s->name->fd, fd_out);
	*fd_out = socket(AF_UNIX, (int)s->rec->type | SOCK_CLOEXEC, 0);
	if (*fd_out < 0)
		return err_sys(errno, "cannot make a socket");
	return fd_move_up(fd_out, w->fd_floor);
}

static struct err *make_pair(struct worker *w, const struct unix_sock *s, int *fd_out,
			     int *other_out)
{
	struct unix_creds c;
	struct err *e;
	int ends[2];

	TRY(unix_creds_enter(s->rec, &c));
	e = socketpair(AF_UNIX, (int)s->rec->type | SOCK_CLOEXEC, 0, ends) ?
		    err_sys(errno, "cannot make a pair of sockets") :
		    NULL;
	TRY(err_join(e, unix_creds_leave(&c)));
	*fd_out = ends[0];
	*other_out = ends[1];
	TRY(fd_move_up(fd_out, w->fd_floor));
	return fd_move_up(other_out, w->fd_floor);
}

/* @seen_by: the socket whose SO_PEERCRED shows who connects. */
static struct err *connect_as(const struct unix_name *n, int listener, int fd,
			      const struct unix_sock *seen_by)
{
	AUTO_FD file = -1;
	struct unix_addr a;
	struct unix_creds c;
	struct err *e;

	TRY(unix_addr_of(n, listener, &a, &file));
	TRY(unix_creds_enter(seen_by ? seen_by->rec : NULL, &c));
	e = connect(fd, (struct sockaddr *)(void *)a.bytes, a.len) ?
		    err_sys(errno, "cannot connect") :
		    NULL;
	return err_join(e, unix_creds_leave(&c));
}

static struct err *accept_from(struct worker *w, struct unix_sock *s, int listener, int client)
{
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof(peer);

	TRY(connect_as(s->via, listener, client, s));
	/* Others can see the name by now: who comes too early is turned away, as when a server starts again. */
	while (peer.pid != getpid()) {
		if (s->fd >= 0)
			close(s->fd);
		s->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (s->fd < 0 || getsockopt(s->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
			return err_sys(errno, "cannot accept a connection");
	}
	return fd_move_up(&s->fd, w->fd_floor);
}

/* The client, which may be gone, sees who listens. */
static struct err *make_accepted(struct worker *w, struct unix_sock *s, struct unix_sock *client)
{
	int *client_fd = client ? &client->fd : &s->gone;
	AUTO_FD own = -1;

	if (client)
		TRY(make_plain(w, client, client_fd));
	else
		TRY(make_plain(w, &(struct unix_sock){ .rec = s->rec }, client_fd));
	if (s->listener)
		return accept_from(w, s, s->listener->fd, *client_fd);
	TRY(unix_name_take(w, s->via->fd, &own));
	TRY(unix_listen(client ? client : s, own, LARGE_BACKLOG));
	return accept_from(w, s, own, *client_fd);
}

/* The coordinator has made both ends, because one is bound. */
static struct err *take_pair(struct worker *w, const struct unix_name *n, int *fd_out,
			     int *other_out)
{
	TRY(unix_name_take(w, n->fd, fd_out));
	return unix_name_take(w, n->other, other_out);
}

static struct err *make_two(struct worker *w, struct unix_sock *s, int *other_out)
{
	struct unix_sock *p = s->role == UNIX_PAIR ? s->peer : NULL;

	if (s->via)
		return make_accepted(w, s, p);
	if (p && p->via)
		return make_accepted(w, p, s);
	if (s->name && s->name->is_pair)
		return take_pair(w, s->name, &s->fd, other_out);
	if (p && p->name && p->name->is_pair)
		return take_pair(w, p->name, &p->fd, &s->fd);
	if (p && s->name)
		return make_plain(w, s, &s->fd); /* connected later */
	return make_pair(w, s, &s->fd, other_out);
}

static struct err *make_sock(struct worker *w, struct unix_sock *s)
{
	if (s->fd >= 0 || s->role == UNIX_PENDING)
		return NULL;
	switch (s->role) {
	case UNIX_LISTEN:
		return make_listener(w, s);
	case UNIX_PAIR:
		return make_two(w, s, &s->peer->fd);
	case UNIX_GONE:
		return make_two(w, s, &s->gone);
	default:
		return make_plain(w, s, &s->fd);
	}
}

/* The kernel waits when the queue is full; that would be for ever. */
static struct err *make_pending(struct worker *w, struct unix_sock *s)
{
	TRY(make_plain(w, s, &s->fd));
	if (fcntl(s->fd, F_SETFL, O_NONBLOCK))
		return err_sys(errno, "cannot set the flags of a socket");
	return connect_as(s->peer->name, s->peer->fd, s->fd, NULL);
}

static int place_order(const void *a, const void *b)
{
	const UnixSkEntry *x = (*(struct unix_sock *const *)a)->rec;
	const UnixSkEntry *y = (*(struct unix_sock *const *)b)->rec;

	if (x->queue_place != y->queue_place)
		return x->queue_place < y->queue_place ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static struct err *make_all_pending(struct worker *w, const struct unix_group *g)
{
	struct unix_sock **list = arena_array(w->restore->arena, g->nr_socks, sizeof(*list));
	size_t nr = 0;

	for (size_t i = 0; i < g->nr_socks; i++)
		if (g->socks[i]->role == UNIX_PENDING)
			list[nr++] = g->socks[i];
	if (nr)
		qsort(list, nr, sizeof(*list), place_order);
	for (size_t i = 0; i < nr; i++)
		TRY(make_pending(w, list[i]));
	return NULL;
}

static struct err *make_group(struct worker *w, struct unix_group *g)
{
	for (size_t i = 0; i < g->nr_socks; i++)
		if (g->socks[i]->role == UNIX_LISTEN)
			TRY(make_sock(w, g->socks[i]));
	for (size_t i = 0; i < g->nr_socks; i++)
		TRY(make_sock(w, g->socks[i]));
	TRY(make_all_pending(w, g));
	if (!g->is_late)
		TRY(unix_group_finish(w, g));
	for (size_t i = 0; i < g->nr_socks; i++)
		TRY(file_group_keep(w, g->socks[i]->file, g->socks[i]->fd));
	return NULL;
}

struct err *unix_open(struct worker *w, struct file *f, int *fd_out)
{
	int *made = w->restore->files->restore->made;

	if (!made[f->index])
		TRY(make_group(w, CONTAINER_OF(f->group, struct unix_group, base)));
	*fd_out = made[f->index];
	made[f->index] = 0;
	return NULL;
}
