// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues are read with MSG_PEEK, and SO_PEEK_OFF (socket(7)) says where: a property of the socket, which is put
 * back at once.  Every message that is looked at gives us copies of the descriptors in it.
 */
#include "files/sk_queue.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/sockios.h>

#include "files/files_priv.h"
#include "image/dir.h"

/* <linux/socket.h>; a descriptor that SO_PASSPIDFD adds. */
#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

/* The most that a message carries: include/net/scm.h. */
enum { MAX_RIGHTS = 253, FIRST_LEN = 65536 };

struct peeker {
	struct dump *d;
	struct sk_queues *q;
	const struct fd_probe *p;
	uint32_t id;
	int fd;
	int type;
	char *buf;
	size_t len;
	int off;
};

static struct err *refuse(const struct peeker *k, const char *why, const char *hint)
{
	return err_hint(fd_probe_refuse(k->p, "%s", why), "%s", hint);
}

static struct err *set_peek_off(const struct peeker *k, int off)
{
	if (setsockopt(k->fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)))
		return err_sys(errno, "cannot set SO_PEEK_OFF of fd %d of task %d", k->p->fd,
			       k->p->task->host_pid);
	return NULL;
}

/* Takes all descriptors, so that none is left open after a failure. */
static struct err *add_rights(struct peeker *k, SkPacketEntry *rec, const int *fds, size_t nr)
{
	ScmEntry *scm = PB_NEW(k->d->arena, ScmEntry, scm_entry);
	struct err *e = NULL;

	scm->type = SCM_RIGHTS;
	scm->rights = arena_array(k->d->arena, nr, sizeof(*scm->rights));
	scm->n_rights = nr;
	rec->scm = arena_array(k->d->arena, 1, sizeof(*rec->scm));
	rec->scm[0] = scm;
	rec->n_scm = 1;
	for (size_t i = 0; i < nr; i++) {
		if (e)
			close(fds[i]);
		else
			e = files_add_in_flight(k->d, fds[i], k->p, &scm->rights[i]);
	}
	return e;
}

static void add_creds(SkPacketEntry *rec, const struct ucred *c)
{
	if (!c->pid)
		return;
	rec->has_sender_pid = rec->has_sender_uid = rec->has_sender_gid = true;
	rec->sender_pid = (uint32_t)c->pid;
	rec->sender_uid = c->uid;
	rec->sender_gid = c->gid;
}

static struct err *add_control(struct peeker *k, struct msghdr *msg, SkPacketEntry *rec)
{
	struct err *e = NULL;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		const void *data = CMSG_DATA(c);
		size_t len = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS)
			e = err_join(e, add_rights(k, rec, data, len / sizeof(int)));
		else if (c->cmsg_type == SCM_CREDENTIALS && len >= sizeof(struct ucred))
			add_creds(rec, data);
		else if (c->cmsg_type == SCM_PIDFD && len >= sizeof(int))
			close(*(const int *)data);
	}
	if (!e && msg->msg_flags & MSG_CTRUNC)
		e = err_new(ERR_SYS, "cannot read all that a message in fd %d of task %d carries",
			    k->p->fd, k->p->task->host_pid);
	return e;
}

static struct err *add_packet(struct peeker *k, struct msghdr *msg, size_t len)
{
	const struct sockaddr_un *from = msg->msg_name;
	SkPacketEntry *rec = PB_NEW(k->d->arena, SkPacketEntry, sk_packet_entry);
	struct sk_queues *q = k->q;

	rec->id_for = k->id;
	rec->length = (uint32_t)len;
	if (k->type == SOCK_DGRAM && msg->msg_namelen > offsetof(struct sockaddr_un, sun_path)) {
		rec->has_sender = true;
		rec->sender.len = msg->msg_namelen - offsetof(struct sockaddr_un, sun_path);
		rec->sender.data = arena_memdup(k->d->arena, from->sun_path, rec->sender.len);
	}
	TRY(add_control(k, msg, rec));
	q->list = arena_grow(k->d->arena, q->list, q->nr, sizeof(*q->list));
	q->list[q->nr++] = (struct sk_packet){ .rec = rec,
					       .bytes = arena_memdup(k->d->arena, k->buf, len) };
	return NULL;
}

static struct err *grow(struct peeker *k, size_t len)
{
	if (len <= k->len)
		return NULL;
	free(k->buf);
	k->buf = malloc(len);
	k->len = k->buf ? len : 0;
	return k->buf ? NULL : err_sys(ENOMEM, "cannot copy the queue of a socket");
}

/* Descriptors of a message that is asked for again. */
static void drop_control(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		const int *fds = (const int *)(const void *)CMSG_DATA(c);
		size_t nr = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET ||
		    (c->cmsg_type != SCM_RIGHTS && c->cmsg_type != SCM_PIDFD))
			continue;
		for (size_t i = 0; i < nr; i++)
			close(fds[i]);
	}
}

/* The next message; *len_out -1: there is none. */
static struct err *peek(struct peeker *k, ssize_t *len_out)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(MAX_RIGHTS * sizeof(int)) + 1024];
	} control;
	struct sockaddr_un from;

	for (;;) {
		struct iovec iov = { .iov_base = k->buf, .iov_len = k->len };
		struct msghdr msg = { .msg_name = &from,
				      .msg_namelen = sizeof(from),
				      .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = &control,
				      .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(k->fd, &msg,
				    MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);

		*len_out = n;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return NULL;
		if (n < 0)
			return err_sys(errno, "cannot look into the queue of fd %d of task %d",
				       k->p->fd, k->p->task->host_pid);
		if ((size_t)n <= k->len)
			return add_packet(k, &msg, (size_t)n);
		drop_control(&msg);
		TRY(grow(k, (size_t)n));
		TRY(set_peek_off(k, k->off));
	}
}

/* Behind what was seen. */
static struct err *go_on(struct peeker *k, size_t len)
{
	k->off += (int)len;
	return set_peek_off(k, k->off);
}

/* A run of a stream ends where descriptors or credentials do; bytes out of band would be missing. */
static struct err *copy_stream(struct peeker *k, size_t total)
{
	TRY(grow(k, total));
	while ((size_t)k->off < total) {
		ssize_t n;

		TRY(peek(k, &n));
		if (n <= 0)
			return refuse(k, "its queue cannot be read as a whole",
				      "let the program read it before the dump");
		/* Most queues are one run, and then nothing of the socket is touched. */
		if ((size_t)k->off + (size_t)n == total)
			return NULL;
		TRY(go_on(k, (size_t)n));
	}
	return NULL;
}

/* A message of no bytes is seen by MSG_PEEK only once. */
static struct err *copy_messages(struct peeker *k, size_t first, bool at_end)
{
	TRY(grow(k, first > FIRST_LEN ? first : FIRST_LEN));
	for (;;) {
		size_t before = k->q->nr;
		ssize_t n;

		TRY(peek(k, &n));
		if (n < 0)
			return NULL;
		if (!n && at_end) {
			/* End of file; what was noted is no message. */
			k->q->nr = before;
			return NULL;
		}
		if (n)
			TRY(go_on(k, (size_t)n));
	}
}

static struct err *copy_queue(struct peeker *k, bool at_end)
{
	struct pollfd poll_fd = { .fd = k->fd, .events = POLLIN | POLLPRI };
	int len = 0;

	if (poll(&poll_fd, 1, 0) < 0 || ioctl(k->fd, SIOCINQ, &len))
		return err_sys(errno, "cannot ask what is in the queue of fd %d of task %d",
			       k->p->fd, k->p->task->host_pid);
	if (poll_fd.revents & POLLPRI)
		return refuse(k, "its queue holds data out of band (MSG_OOB)",
			      "let the program read it before the dump");
	if (k->type == SOCK_STREAM)
		return copy_stream(k, (size_t)len);
	if (!(poll_fd.revents & POLLIN) || (!len && at_end))
		return NULL;
	/* The first look at such a queue would take the error away. */
	if (poll_fd.revents & POLLERR)
		return len ? refuse(k, "an error waits in front of the data in its queue",
				    "let the program read both before the dump") :
			     NULL;
	return copy_messages(k, (size_t)len, at_end);
}

static struct err *copy_and_put_back(struct peeker *k, bool at_end)
{
	int old = -1;
	socklen_t len = sizeof(old);
	struct err *e;

	if (getsockopt(k->fd, SOL_SOCKET, SO_PEEK_OFF, &old, &len))
		return err_sys(errno, "cannot read SO_PEEK_OFF of fd %d of task %d", k->p->fd,
			       k->p->task->host_pid);
	if (old >= 0)
		TRY(set_peek_off(k, 0));
	e = copy_queue(k, at_end);
	return old >= 0 || k->off ? err_join(e, set_peek_off(k, old)) : e;
}

struct err *sk_queue_copy(struct dump *d, struct sk_queues *q, const struct fd_probe *p,
			  uint32_t id, bool at_end)
{
	struct peeker k = { .d = d, .q = q, .p = p, .id = id, .fd = -1 };
	socklen_t len = sizeof(k.type);
	AUTO_FD fd = -1;
	struct err *e;

	TRY(fd_probe_getfd(p, &fd));
	k.fd = fd;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &k.type, &len))
		return err_sys(errno, "cannot read the type of a socket");
	/* Only of a seqpacket socket the end looks like a message of no bytes. */
	e = copy_and_put_back(&k, at_end && k.type == SOCK_SEQPACKET);
	free(k.buf);
	return e;
}

struct err *sk_queues_write(struct dump *d, const struct sk_queues *q)
{
	for (size_t i = 0; i < q->nr; i++) {
		const struct sk_packet *pkt = &q->list[i];

		TRY(image_write(d->images, IMAGE_SK_QUEUES, 0, &pkt->rec->base));
		if (pkt->rec->length)
			TRY(image_append(d->images, IMAGE_SK_QUEUES, 0, pkt->bytes,
					 pkt->rec->length));
	}
	return NULL;
}
