// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets of IP and IPv6, the kind: UDP, UDP-Lite, and TCP that listens or has no connection.  All of it is read from a
 * duplicate by calls that change nothing; only how UDP is shut down is known to sock_diag alone.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>
#include <linux/tcp.h>

#include <arpa/inet.h>

#include "base/log.h"
#include "base/options.h"
#include "files/inet.h"
#include "files/sk_diag.h"
#include "files/sk_opts.h"

#define TCP_HINT \
	"close the connection before the dump, or wait for a release that dumps connections"

static bool get_int(int fd, int option, uint32_t *out)
{
	int value;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, option, &value, &len))
		return false;
	*out = (uint32_t)value;
	return true;
}

static bool inet_matches(const struct fd_probe *p)
{
	uint32_t family, type, proto;

	if (!S_ISSOCK(p->st.st_mode) || p->dup < 0 || p->flags & O_PATH)
		return false;
	if (!get_int(p->dup, SO_DOMAIN, &family) || !get_int(p->dup, SO_TYPE, &type) ||
	    !get_int(p->dup, SO_PROTOCOL, &proto))
		return false;
	if (family != AF_INET && family != AF_INET6)
		return false;
	return (type == SOCK_STREAM && proto == IPPROTO_TCP) ||
	       (type == SOCK_DGRAM && (proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE));
}

/* --- addresses --- */

socklen_t inet_addr_len(uint32_t family)
{
	return family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

size_t inet_addr_bytes(uint32_t family)
{
	return family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
}

const char *inet_addr_text(struct arena *a, const union inet_addr *addr)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (addr->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &addr->v6.sin6_addr, text, sizeof(text));
		return arena_printf(a, "[%s]:%u", text, ntohs(addr->v6.sin6_port));
	}
	inet_ntop(AF_INET, &addr->v4.sin_addr, text, sizeof(text));
	return arena_printf(a, "%s:%u", text, ntohs(addr->v4.sin_port));
}

const char *inet_proto_text(uint32_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "TCP socket";
	case IPPROTO_UDPLITE:
		return "UDP-Lite socket";
	}
	return "UDP socket";
}

bool inet_is_connection(const InetSkEntry *rec)
{
	return rec->proto == IPPROTO_TCP && rec->state != SK_STATE_LISTEN &&
	       rec->state != SK_STATE_CLOSE;
}

static struct err *failed(const struct fd_probe *p, const char *what)
{
	return err_sys(errno, "cannot read %s of fd %d of task %d", what, p->fd, p->task->host_pid);
}

/* CRIU's images have addresses as words, whose bytes are in network order. */
static void put_addr(struct arena *a, const union inet_addr *addr, uint32_t family,
		     uint32_t **words_out, size_t *nr_out, uint32_t *port_out)
{
	size_t len = inet_addr_bytes(family);

	*words_out = arena_array(a, len / sizeof(**words_out), sizeof(**words_out));
	*nr_out = len / sizeof(**words_out);
	if (family == AF_INET6) {
		memcpy(*words_out, &addr->v6.sin6_addr, len);
		*port_out = ntohs(addr->v6.sin6_port);
	} else {
		memcpy(*words_out, &addr->v4.sin_addr, len);
		*port_out = ntohs(addr->v4.sin_port);
	}
}

/* Link-local addresses mean nothing without their interface. */
static struct err *put_interface(struct dump *d, const union inet_addr *addr, InetSkEntry *rec)
{
	char name[IF_NAMESIZE];

	if (rec->family != AF_INET6 || !addr->v6.sin6_scope_id)
		return NULL;
	if (!if_indextoname(addr->v6.sin6_scope_id, name))
		return err_sys(errno, "cannot read the name of interface %u",
			       addr->v6.sin6_scope_id);
	rec->ifname = arena_strdup(d->arena, name);
	return NULL;
}

static struct err *addrs_dump(struct dump *d, const struct fd_probe *p, InetSkEntry *rec,
			      bool *has_peer)
{
	union inet_addr own = { .any.sa_family = AF_UNSPEC }, peer = own;
	socklen_t len = sizeof(own);

	if (getsockname(p->dup, &own.any, &len))
		return failed(p, "the address");
	TRY(put_interface(d, &own, rec));
	put_addr(d->arena, &own, rec->family, &rec->src_addr, &rec->n_src_addr, &rec->src_port);
	len = sizeof(peer);
	*has_peer = !getpeername(p->dup, &peer.any, &len);
	if (!*has_peer && errno != ENOTCONN)
		return failed(p, "the peer's address");
	if (*has_peer)
		TRY(put_interface(d, &peer, rec));
	put_addr(d->arena, &peer, rec->family, &rec->dst_addr, &rec->n_dst_addr, &rec->dst_port);
	return NULL;
}

/* --- state --- */

static const char *const tcp_states[] = {
	[SK_STATE_ESTABLISHED] = "ESTABLISHED", [SK_STATE_SYN_SENT] = "SYN_SENT",
	[SK_STATE_SYN_RECV] = "SYN_RECV",	[SK_STATE_FIN_WAIT1] = "FIN_WAIT1",
	[SK_STATE_FIN_WAIT2] = "FIN_WAIT2",	[SK_STATE_TIME_WAIT] = "TIME_WAIT",
	[SK_STATE_CLOSE_WAIT] = "CLOSE_WAIT",	[SK_STATE_LAST_ACK] = "LAST_ACK",
	[SK_STATE_CLOSING] = "CLOSING",
};

static struct err *refuse_connection(struct dump *d, const struct fd_probe *p, unsigned int state)
{
	union inet_addr own, peer;
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer);
	const char *text = state < ARRAY_SIZE(tcp_states) && tcp_states[state] ? tcp_states[state] :
										 "unknown state";

	if (getsockname(p->dup, &own.any, &own_len))
		return failed(p, "the address");
	/* A connection that is being made or has ended does not tell its peer. */
	if (getpeername(p->dup, &peer.any, &peer_len))
		return err_hint(fd_probe_refuse(p,
						"TCP connections are not supported yet, and it is "
						"one from %s (%s)",
						inet_addr_text(d->arena, &own), text),
				TCP_HINT);
	return err_hint(
		fd_probe_refuse(p,
				"TCP connections are not supported yet, and it is one from %s to "
				"%s (%s)",
				inet_addr_text(d->arena, &own), inet_addr_text(d->arena, &peer),
				text),
		TCP_HINT);
}

static struct err *listener_dump(struct dump *d, const struct fd_probe *p,
				 const struct tcp_info *info, InetSkEntry *rec)
{
	rec->backlog = info->tcpi_sacked; /* of a listener; see tcp_get_info() of net/ipv4/tcp.c */
	if (!info->tcpi_unacked || d->opts->skip_in_flight)
		return NULL;
	return err_hint(fd_probe_refuse(p, "%u connections wait to be accepted",
					info->tcpi_unacked),
			"dump again when they are accepted, or pass --skip-in-flight to drop them");
}

/* One that was connected once has lost its addresses, and reads and writes as after a shutdown. */
static void closed_dump(const struct tcp_info *info, short events, InetSkEntry *rec)
{
	rec->has_shutdown = info->tcpi_segs_out || events & POLLRDHUP;
	if (!rec->has_shutdown)
		return;
	rec->shutdown = info->tcpi_segs_out ? SK_SHUTDOWN__BOTH : SK_SHUTDOWN__READ;
	if (!info->tcpi_segs_out)
		return;
	rec->src_port = 0;
	memset(rec->src_addr, 0, rec->n_src_addr * sizeof(*rec->src_addr));
}

static struct err *tcp_dump(struct dump *d, const struct fd_probe *p, short events,
			    InetSkEntry *rec)
{
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(p->dup, IPPROTO_TCP, TCP_INFO, &info, &len))
		return failed(p, "TCP_INFO");
	rec->state = info.tcpi_state;
	if (inet_is_connection(rec))
		return d->opts->tcp_close ? NULL : refuse_connection(d, p, rec->state);
	if (events & POLLERR && !d->opts->tcp_close)
		return err_hint(fd_probe_refuse(p, "an error that the program has not read yet "
						   "would be lost"),
				"dump again when the program has read it");
	if (rec->state == SK_STATE_LISTEN)
		return listener_dump(d, p, &info, rec);
	closed_dump(&info, events, rec);
	return NULL;
}

/* What UDP_CORK or MSG_MORE holds back is counted; so is, for a moment, what the device has not sent yet. */
static struct err *check_unsent(const struct fd_probe *p)
{
	int len = 0;

	for (int i = 0; i < 100; i++) {
		if (ioctl(p->dup, SIOCOUTQ, &len))
			return failed(p, "the length of the send queue");
		if (!len)
			return NULL;
		poll(NULL, 0, 1);
	}
	return err_hint(fd_probe_refuse(p, "it holds back a datagram that cannot be read "
					   "(UDP_CORK or MSG_MORE)"),
			"dump again when it is sent");
}

static struct err *udp_dump(struct dump *d, const struct fd_probe *p, short events, bool has_peer,
			    InetSkEntry *rec)
{
	uint32_t how;

	rec->state = has_peer ? SK_STATE_ESTABLISHED : SK_STATE_CLOSE;
	TRY(check_unsent(p));
	if (events & POLLERR)
		log_warn("files", p->task->host_pid,
			 "an error that fd %d has not read yet will be lost", p->fd);
	if (events & POLLIN && !(events & POLLRDHUP))
		log_warn("files", p->task->host_pid,
			 "datagrams that fd %d has received and not read yet will be lost", p->fd);
	TRY(inet_shutdown_find(d, rec, &how));
	/* One without a port is not in the kernel's list. */
	if (events & POLLRDHUP)
		how |= 1;
	rec->has_shutdown = how;
	rec->shutdown = (SkShutdown)how;
	return inet_groups_dump(d, p, p->dup, rec);
}

/* --- the kind --- */

static struct err *kind_dump(const struct fd_probe *p, InetSkEntry *rec)
{
	if (!get_int(p->dup, SO_DOMAIN, &rec->family) || !get_int(p->dup, SO_TYPE, &rec->type) ||
	    !get_int(p->dup, SO_PROTOCOL, &rec->proto))
		return failed(p, "the family");
	rec->has_uid = p->st.st_uid;
	rec->uid = p->st.st_uid;
	rec->has_gid = p->st.st_gid;
	rec->gid = p->st.st_gid;
	return NULL;
}

static struct err *inet_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	const TaskKobjIdsEntry *ids = d->tree.root->ids;
	InetSkEntry *r = rec->isk = PB_NEW(d->arena, InetSkEntry, inet_sk_entry);
	struct pollfd state = { .fd = p->dup, .events = POLLIN | POLLRDHUP };
	bool has_peer;

	r->id = rec->id;
	r->ino = (uint32_t)p->st.st_ino;
	r->flags = p->flags;
	r->has_ns_id = ids && ids->has_net_ns_id;
	r->ns_id = r->has_ns_id ? ids->net_ns_id : 0;
	TRY(kind_dump(p, r));
	if (poll(&state, 1, 0) < 0)
		return failed(p, "the state");
	TRY(addrs_dump(d, p, r, &has_peer));
	TRY(r->proto == IPPROTO_TCP ? tcp_dump(d, p, state.revents, r) :
				      udp_dump(d, p, state.revents, has_peer, r));
	TRY(inet_opts_dump(d, p, p->dup, r));
	TRY(sk_opts_dump(d, p, p->dup, &r->opts));
	return fown_ask(d, p, &r->fown);
}

const struct file_kind file_kind_inet = {
	.name = "inet",
	.type = FD_TYPES__INETSK,
	.member = offsetof(FileEntry, isk),
	.about = "UDP sockets, and TCP sockets without a connection: addresses, options, whether "
		 "they listen; what was received and not read is dropped with a warning",
	.option = "--tcp-close gives connections up",
	.matches = inet_matches,
	.dump = inet_dump,
	.link_up = inet_link,
	.open = inet_open,
	.finish = inet_finish,
};
