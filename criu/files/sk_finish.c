// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restore, worker: what a group of unix sockets has besides its connections.  Queues are filled before datagram sockets
 * are connected, because a connected one takes messages of its peer only, and before anything is shut down.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "files/sk_opts.h"
#include "files/sk_restore.h"

/* What fcntl can change of a socket's flags; O_ASYNC is set with its number. */
#define SOCKET_SETFL (O_NONBLOCK | O_APPEND | O_NOATIME)

enum { MAX_RIGHTS = 253, LARGE_SNDBUF = 1 << 28 };

/* At its number, when the group waited for others. */
static int fd_of(const struct worker *w, const struct unix_sock *s)
{
	if (!s->group->is_late)
		return s->fd;
	return s->file->owner_fd >= 0 ? s->file->owner_fd :
					w->restore->files->restore->lent[s->file->index];
}

/* --- descriptors in messages --- */

struct rights {
	int fds[MAX_RIGHTS];
	bool is_ours[MAX_RIGHTS]; /* to be closed */
	size_t nr;
};

static struct err *pull(struct worker *w, const struct file *f, int *fd_out)
{
	int number = f->owner_fd >= 0 ? f->owner_fd : w->restore->files->restore->lent[f->index];
	AUTO_FD pidfd = pidfd_open(f->owner->task->ns_pid, 0);

	*fd_out = pidfd < 0 ? -1 : pidfd_getfd(pidfd, number, 0);
	if (*fd_out < 0)
		return err_sys(errno, "cannot take fd %d of task %d", number,
			       f->owner->task->ns_pid);
	return NULL;
}

static struct err *rights_get(struct worker *w, const struct unix_packet *p, struct rights *g)
{
	const int *lent = w->restore->files->restore->lent;

	for (size_t i = 0; i < p->nr_rights; i++) {
		const struct file *f = p->rights[i];

		if (!f->owner)
			return err_new(ERR_IMAGE, "nobody has file %u of a message", f->id);
		if (f->owner == w->task->fdt) {
			g->fds[i] = f->owner_fd >= 0 ? f->owner_fd : lent[f->index];
		} else {
			TRY(pull(w, f, &g->fds[i]));
			g->is_ours[i] = true;
		}
		g->nr++;
	}
	return NULL;
}

static void rights_put(struct rights *g)
{
	for (size_t i = 0; i < g->nr; i++)
		if (g->is_ours[i])
			close(g->fds[i]);
}

/* --- messages --- */

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(MAX_RIGHTS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

static void add_control(struct msghdr *msg, union control *c, int type, const void *data,
			size_t len)
{
	struct cmsghdr *head = (struct cmsghdr *)(void *)(c->bytes + msg->msg_controllen);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = type;
	head->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(head), data, len);
	msg->msg_control = c;
	msg->msg_controllen += CMSG_SPACE(len);
}

/* All of it; a stream may take it in parts, descriptors go with the first. */
static struct err *send_all(int from, struct msghdr *msg, const void *bytes, size_t len)
{
	size_t done = 0;

	do {
		struct iovec iov = { .iov_base = (char *)bytes + done, .iov_len = len - done };
		ssize_t n;

		msg->msg_iov = &iov;
		msg->msg_iovlen = 1;
		n = sendmsg(from, msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return err_hint(err_sys(errno, "cannot put a message of %zu bytes into it",
						len),
					"raise /proc/sys/net/unix/max_dgram_qlen");
		if (n < 0)
			return err_sys(errno, "cannot put a message of %zu bytes into it", len);
		done += (size_t)n;
		msg->msg_controllen = 0;
	} while (done < len);
	return NULL;
}

/* The kernel takes other credentials than the sender's own from root, as long as there is such a process. */
static struct err *send_with_creds(int from, struct msghdr *msg, union control *c,
				   const struct unix_packet *p)
{
	struct ucred creds = { .pid = (pid_t)p->rec->sender_pid,
			       .uid = p->rec->sender_uid,
			       .gid = p->rec->sender_gid };
	size_t before = msg->msg_controllen;
	struct err *e;

	if (!p->rec->has_sender_pid)
		return send_all(from, msg, p->bytes, p->rec->length);
	add_control(msg, c, SCM_CREDENTIALS, &creds, sizeof(creds));
	e = send_all(from, msg, p->bytes, p->rec->length);
	if (!e || err_errno(e) != ESRCH)
		return e;
	err_drop(e, "the sender has ended; the message will show its user and this process");
	creds.pid = getpid();
	msg->msg_controllen = before;
	add_control(msg, c, SCM_CREDENTIALS, &creds, sizeof(creds));
	return send_all(from, msg, p->bytes, p->rec->length);
}

static struct err *send_packet(struct worker *w, int from, struct msghdr *msg,
			       const struct unix_packet *p)
{
	struct rights rights = { .nr = 0 };
	union control control = { .bytes = "" };
	int large = LARGE_SNDBUF;
	struct err *e = rights_get(w, p, &rights);

	if (!e && setsockopt(from, SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof(large)))
		e = err_sys(errno, "cannot make room for messages");
	if (!e) {
		if (rights.nr)
			add_control(msg, &control, SCM_RIGHTS, rights.fds, rights.nr * sizeof(int));
		e = send_with_creds(from, msg, &control, p);
	}
	rights_put(&rights);
	return e;
}

/* --- who sends --- */

/* Are the two connected since they were made? */
static bool is_made_connected(const struct unix_sock *s)
{
	if (s->rec->type != SOCK_DGRAM || s->role == UNIX_GONE)
		return true;
	return s->role == UNIX_PAIR && (!s->name || !s->peer->name);
}

static struct err *sender_of(struct worker *w, const struct unix_packet *p, int *fd_out)
{
	if (p->from_name && p->from_name->fd >= 0)
		return unix_name_take(w, p->from_name->fd, fd_out);
	*fd_out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (*fd_out < 0)
		return err_sys(errno, "cannot make a socket to send from");
	return fd_move_up(fd_out, w->fd_floor);
}

static struct err *fill_by_name(struct worker *w, struct unix_sock *s, const struct unix_packet *p)
{
	AUTO_FD own = -1, file = -1;
	struct unix_addr addr;
	struct msghdr msg = { .msg_name = addr.bytes };

	if (!s->name)
		return err_new(ERR_IMAGE, "nobody can send to a socket without a name");
	TRY(unix_addr_of(s->name, fd_of(w, s), &addr, &file));
	msg.msg_namelen = addr.len;
	if (p->from)
		return send_packet(w, fd_of(w, p->from), &msg, p);
	TRY(sender_of(w, p, &own));
	return send_packet(w, own, &msg, p);
}

static struct err *fill(struct worker *w, struct unix_sock *s)
{
	for (size_t i = 0; i < s->nr_queue; i++) {
		const struct unix_packet *p = s->queue[i];
		struct msghdr msg = { .msg_name = NULL };
		struct err *e;

		/* A stream has no messages without bytes. */
		if (s->rec->type == SOCK_STREAM && !p->rec->length)
			continue;
		if (is_made_connected(s))
			e = send_packet(w, s->role == UNIX_GONE ? s->gone : fd_of(w, s->peer), &msg,
					p);
		else
			e = fill_by_name(w, s, p);
		TRY(err_context(e, "cannot fill the queue of unix socket %u", s->rec->id));
	}
	return NULL;
}

/* --- connections that are not made as such --- */

static struct err *connect_outside(struct worker *w, const struct unix_sock *s)
{
	const ProtobufCBinaryData *name = &s->peer->rec->name;
	struct unix_addr a;

	unix_addr_set(&a, name->data, name->len);
	if (!connect(fd_of(w, s), (struct sockaddr *)(void *)a.bytes, a.len))
		return NULL;
	return err_hint(
		err_sys(errno, "cannot connect unix socket %u to \"%s%s\" outside of the set",
			s->rec->id, name->data[0] ? "" : "@",
			arena_printf(w->restore->arena, "%.*s", (int)name->len - !name->data[0],
				     (const char *)name->data + !name->data[0])),
		"start the process that has it, or pass --inherit-fd fd[N]:socket:[%u]",
		s->rec->ino);
}

static struct err *connect_dgram(struct worker *w, struct unix_group *g, struct unix_sock *s);

/* Who is connected to @s without being its peer had to be so before @s was connected itself. */
static struct err *connect_others_to(struct worker *w, struct unix_group *g,
				     const struct unix_sock *s)
{
	for (size_t i = 0; i < g->nr_socks; i++)
		if (g->socks[i]->role == UNIX_CONNECT && g->socks[i]->peer == s &&
		    s->peer != g->socks[i])
			TRY(connect_dgram(w, g, g->socks[i]));
	return NULL;
}

static struct err *connect_dgram(struct worker *w, struct unix_group *g, struct unix_sock *s)
{
	AUTO_FD file = -1;
	struct unix_addr a;

	if (s->is_connected)
		return NULL;
	s->is_connected = true;
	if (s->role == UNIX_PAIR || s->role == UNIX_CONNECT || s->role == UNIX_OUTSIDE)
		TRY(connect_others_to(w, g, s));
	if (s->role == UNIX_OUTSIDE)
		return connect_outside(w, s);
	if (s->role != UNIX_CONNECT && (s->role != UNIX_PAIR || is_made_connected(s)))
		return NULL;
	TRY(unix_addr_of(s->peer->name, fd_of(w, s->peer), &a, &file));
	if (connect(fd_of(w, s), (struct sockaddr *)(void *)a.bytes, a.len))
		return err_sys(errno, "cannot connect unix socket %u", s->rec->id);
	return NULL;
}

/* --- ends --- */

/* What the closed end has not read is an error for the other: ECONNRESET. */
static struct err *close_gone(struct worker *w, struct unix_sock *s)
{
	if (s->gone < 0)
		return NULL;
	if (s->rec->pending_error && send(fd_of(w, s), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return err_sys(errno, "cannot make the error that waits in unix socket %u",
			       s->rec->id);
	close(s->gone);
	s->gone = -1;
	return NULL;
}

static struct err *set_rest(struct worker *w, const struct unix_sock *s)
{
	const UnixSkEntry *rec = s->rec;
	int fd = fd_of(w, s);

	if (s->role == UNIX_LISTEN)
		TRY(unix_listen(s, fd, (int)MIN(rec->backlog, 0x7fffffffu)));
	if (rec->shutdown && shutdown(fd, (int)rec->shutdown - 1))
		return err_sys(errno, "cannot shut unix socket %u down", rec->id);
	TRY(err_context(sk_opts_restore(rec->opts, fd), "unix socket %u", rec->id));
	if ((rec->uid || rec->gid) && fchown(fd, rec->uid, rec->gid))
		return err_sys(errno, "cannot give unix socket %u to user %u", rec->id, rec->uid);
	/* O_ASYNC is there already when it is late. */
	if (fcntl(fd, F_SETFL, ((int)rec->flags & SOCKET_SETFL) | (fcntl(fd, F_GETFL) & O_ASYNC)))
		return err_sys(errno, "cannot set the flags of unix socket %u", rec->id);
	return NULL;
}

struct err *unix_group_finish(struct worker *w, struct unix_group *g)
{
	for (size_t i = 0; i < g->nr_socks; i++)
		TRY(fill(w, g->socks[i]));
	for (size_t i = 0; i < g->nr_socks; i++)
		TRY(connect_dgram(w, g, g->socks[i]));
	for (size_t i = 0; i < g->nr_socks; i++)
		TRY(close_gone(w, g->socks[i]));
	for (size_t i = 0; i < g->nr_socks; i++)
		TRY(set_rest(w, g->socks[i]));
	return NULL;
}

struct err *unix_finish_late(struct worker *w, const struct fdtable *table)
{
	const struct unix_restore *ur = w->restore->files->restore->unix_sks;

	for (size_t i = 0; ur && i < ur->nr_groups; i++) {
		struct unix_group *g = ur->groups[i];

		if (g->is_late && g->base.ends[0]->owner == table)
			TRY(unix_group_finish(w, g));
	}
	return NULL;
}
