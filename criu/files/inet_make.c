// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restore of IP sockets.  The coordinator makes each one for a moment, to find out early that an address is missing or
 * taken; the worker that owns it makes it again.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/options.h"
#include "files/inet.h"
#include "files/sk_diag.h"
#include "files/sk_opts.h"

/* What fcntl can change of a socket's flags; O_ASYNC is set with its number. */
#define SOCKET_SETFL (O_NONBLOCK | O_APPEND | O_NOATIME)

/* A socket of the set that has a port. */
struct inet_port {
	struct lookup_node node;
	const struct file *file;
};

static uint64_t port_hash(const InetSkEntry *rec)
{
	return lookup_hash_u64(lookup_hash_u64(0, rec->proto), rec->src_port);
}

/* Has another socket of the set the same port? */
static bool shares_port(const struct restore *r, const struct file *f)
{
	const struct lookup *l = &r->files->restore->inet_ports;
	const InetSkEntry *rec = f->rec->isk;
	struct lookup_node *n = rec->src_port ? lookup_first(l, port_hash(rec)) : NULL;

	for (; n; n = lookup_next(n)) {
		const struct inet_port *p = CONTAINER_OF(n, struct inet_port, node);
		const InetSkEntry *other = p->file->rec->isk;

		if (p->file != f && other->proto == rec->proto && other->src_port == rec->src_port)
			return true;
	}
	return false;
}

/* --- checks --- */

static struct err *bad(const InetSkEntry *rec, const char *what, uint32_t value)
{
	return err_new(ERR_IMAGE, "files.img: socket %u has %s %u", rec->id, what, value);
}

static struct err *check_kind(const struct restore *r, const InetSkEntry *rec)
{
	bool is_tcp = rec->type == SOCK_STREAM && rec->proto == IPPROTO_TCP;
	bool is_udp = rec->type == SOCK_DGRAM &&
		      (rec->proto == IPPROTO_UDP || rec->proto == IPPROTO_UDPLITE);

	if (rec->family != AF_INET && rec->family != AF_INET6)
		return bad(rec, "family", rec->family);
	if (!is_tcp && !is_udp)
		return err_hint(err_new(ERR_UNSUPPORTED,
					"cannot restore socket %u: type %u and protocol %u are not "
					"supported yet",
					rec->id, rec->type, rec->proto),
				"restore this set with CRIU");
	if (rec->state == SK_STATE_CLOSE || (is_tcp && rec->state == SK_STATE_LISTEN) ||
	    (is_udp && rec->state == SK_STATE_ESTABLISHED))
		return NULL;
	if (!is_tcp || !rec->state || rec->state > SK_STATE_CLOSING)
		return bad(rec, "state", rec->state);
	if (r->opts->tcp_close)
		return NULL;
	return err_hint(
		err_new(ERR_UNSUPPORTED,
			"cannot restore socket %u: TCP connections are not supported yet", rec->id),
		"pass --tcp-close to get them back as closed ones, or restore this set with "
		"CRIU");
}

static struct err *check_record(const struct restore *r, const InetSkEntry *rec)
{
	size_t nr = inet_addr_bytes(rec->family) / sizeof(*rec->src_addr);

	TRY(check_kind(r, rec));
	if (rec->src_port > UINT16_MAX)
		return bad(rec, "port", rec->src_port);
	if (rec->dst_port > UINT16_MAX)
		return bad(rec, "a peer with port", rec->dst_port);
	if ((rec->n_src_addr && rec->n_src_addr != nr) ||
	    (rec->n_dst_addr && rec->n_dst_addr != nr))
		return bad(rec, "an address that is not of family", rec->family);
	if (rec->has_shutdown && rec->shutdown > SK_SHUTDOWN__BOTH)
		return bad(rec, "shutdown", rec->shutdown);
	TRY(err_context(sk_opts_check(rec->opts), "files.img: socket %u", rec->id));
	TRY(err_context(inet_opts_check(rec), "files.img: socket %u", rec->id));
	return err_context(inet_groups_check(rec), "files.img: socket %u", rec->id);
}

/* --- make --- */

static struct err *get_addr(const InetSkEntry *rec, const uint32_t *words, size_t nr, uint32_t port,
			    union inet_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->any.sa_family = (sa_family_t)rec->family;
	if (rec->family == AF_INET) {
		out->v4.sin_port = htons((uint16_t)port);
		memcpy(&out->v4.sin_addr, words, nr * sizeof(*words));
		return NULL;
	}
	out->v6.sin6_port = htons((uint16_t)port);
	memcpy(&out->v6.sin6_addr, words, nr * sizeof(*words));
	if (!rec->ifname || !IN6_IS_ADDR_LINKLOCAL(&out->v6.sin6_addr))
		return NULL;
	out->v6.sin6_scope_id = if_nametoindex(rec->ifname);
	if (out->v6.sin6_scope_id)
		return NULL;
	return err_hint(err_sys(errno, "cannot find interface \"%s\"", rec->ifname),
			"give an interface of this machine that name");
}

static bool is_any(const uint32_t *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (words[i])
			return false;
	return true;
}

static struct err *set(int fd, int option, const char *text, int value)
{
	if (setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)))
		return err_sys(errno, "cannot set socket option %s", text);
	return NULL;
}

/*
 * Ended connections keep a port of TCP for a minute unless it may be reused.  Sockets with one port may have got it when
 * they had other options than now.
 */
static struct err *allow_bind(const InetSkEntry *rec, bool is_shared, int fd)
{
	const char *device = rec->opts->so_bound_dev;

	if (rec->proto == IPPROTO_TCP || is_shared || rec->opts->reuseaddr)
		TRY(set(fd, SO_REUSEADDR, "SO_REUSEADDR", 1));
	if (is_shared || rec->opts->so_reuseport)
		TRY(set(fd, SO_REUSEPORT, "SO_REUSEPORT", 1));
	if (device && device[0] &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)))
		return err_hint(err_sys(errno, "cannot bind to interface \"%s\"", device),
				"give an interface of this machine that name");
	return NULL;
}

static struct err *bind_failed(struct arena *a, const InetSkEntry *rec, const union inet_addr *addr)
{
	int errnum = errno;
	struct err *e = err_sys(errnum, "cannot bind a %s to %s", inet_proto_text(rec->proto),
				inet_addr_text(a, addr));

	if (errnum == EADDRINUSE)
		return err_hint(e, "end the process that has it (ss -lnp shows it), or restore in "
				   "another network namespace");
	if (errnum == EADDRNOTAVAIL)
		return err_hint(e,
				"give an interface of this machine the address (ip address add)");
	return e;
}

static struct err *bind_it(struct arena *a, const InetSkEntry *rec, int fd)
{
	union inet_addr addr;

	if (inet_is_connection(rec) || (!rec->src_port && is_any(rec->src_addr, rec->n_src_addr)))
		return NULL;
	TRY(get_addr(rec, rec->src_addr, rec->n_src_addr, rec->src_port, &addr));
	if (bind(fd, &addr.any, inet_addr_len(rec->family)))
		return bind_failed(a, rec, &addr);
	return NULL;
}

static struct err *connect_it(struct arena *a, const InetSkEntry *rec, int fd)
{
	union inet_addr addr;

	if (inet_is_connection(rec) || rec->state != SK_STATE_ESTABLISHED)
		return NULL;
	TRY(get_addr(rec, rec->dst_addr, rec->n_dst_addr, rec->dst_port, &addr));
	if (connect(fd, &addr.any, inet_addr_len(rec->family)))
		return err_hint(err_sys(errno, "cannot connect a %s to %s",
					inet_proto_text(rec->proto), inet_addr_text(a, &addr)),
				"check that there is a route to it (ip route get)");
	return NULL;
}

/* Those who share a port can all be bound only as long as none of them is told not to share it any more. */
static struct err *opts_but_sharing(const InetSkEntry *rec, bool is_shared, int fd)
{
	SkOptsEntry opts = *rec->opts;

	if (is_shared)
		opts.has_reuseaddr = opts.has_so_reuseport = false;
	return sk_opts_restore(&opts, fd);
}

/* It says ENOTCONN of one that is not connected, and works: it reads and writes as if a connection had ended. */
static struct err *shut_down(const InetSkEntry *rec, int fd)
{
	int how = inet_is_connection(rec) ? SK_SHUTDOWN__BOTH : rec->shutdown;

	if (!how || rec->state == SK_STATE_LISTEN)
		return NULL;
	if (shutdown(fd, how - 1) && errno != ENOTCONN)
		return err_sys(errno, "cannot shut it down");
	return NULL;
}

static struct err *make(struct arena *a, const InetSkEntry *rec, bool is_shared, int *fd_out)
{
	AUTO_FD fd = socket((int)rec->family, (int)rec->type | SOCK_CLOEXEC, (int)rec->proto);

	if (fd < 0)
		return err_sys(errno, "cannot make a %s", inet_proto_text(rec->proto));
	/* The kernel compares owners of sockets that share a port. */
	if ((rec->uid || rec->gid) && fchown(fd, rec->uid, rec->gid))
		return err_sys(errno, "cannot give it to user %u", rec->uid);
	TRY(inet_opts_restore(rec, fd));
	TRY(allow_bind(rec, is_shared, fd));
	TRY(bind_it(a, rec, fd));
	TRY(inet_groups_restore(rec, fd));
	TRY(opts_but_sharing(rec, is_shared, fd));
	TRY(connect_it(a, rec, fd));
	TRY(shut_down(rec, fd));
	TRY(inet_opts_restore_late(rec, fd));
	if (fcntl(fd, F_SETFL, (int)rec->flags & SOCKET_SETFL))
		return err_sys(errno, "cannot set its flags");
	*fd_out = fd_take(&fd);
	return NULL;
}

struct err *inet_link(struct restore *r, struct file *f)
{
	struct inet_port *p = ARENA_NEW(r->arena, struct inet_port);
	const InetSkEntry *rec = f->rec->isk;
	AUTO_FD fd = -1;

	TRY(check_record(r, rec));
	p->file = f;
	if (!inet_is_connection(rec))
		lookup_add(&r->files->restore->inet_ports, &p->node, port_hash(rec));
	return err_context(make(r->arena, rec, false, &fd), "cannot restore %s", file_user(r, f));
}

struct err *inet_open(struct worker *w, struct file *f, int *fd_out)
{
	const InetSkEntry *rec = f->rec->isk;
	AUTO_FD fd = -1;

	TRY(make(w->restore->arena, rec, shares_port(w->restore, f), &fd));
	if (rec->state == SK_STATE_LISTEN && listen(fd, (int)MIN(rec->backlog, 0x7fffffffu)))
		return err_sys(errno, "cannot listen");
	*fd_out = fd_take(&fd);
	return NULL;
}

struct err *inet_finish(struct worker *w, struct file *f, int fd)
{
	const SkOptsEntry *o = f->rec->isk->opts;

	if (!shares_port(w->restore, f))
		return NULL;
	TRY(set(fd, SO_REUSEADDR, "SO_REUSEADDR", o->reuseaddr));
	return set(fd, SO_REUSEPORT, "SO_REUSEPORT", o->so_reuseport);
}
