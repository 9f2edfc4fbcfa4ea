// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink sockets of those protocols for which the kernel keeps nothing but addresses and groups.  What happens between
 * dump and restore is not told to them, as when their buffers overflow.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include "base/fd.h"
#include "base/log.h"
#include "files/restore_priv.h"
#include "files/sk_opts.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* More than any protocol has; the kernel's own limit of protocols is 32 (MAX_LINKS). */
enum { MAX_GROUP_WORDS = 64, MAX_PROTOCOL = 31 };
/* sk_state of net/netlink/af_netlink.c. */
enum { UNCONNECTED, CONNECTED };
#define SOCKET_SETFL (O_NONBLOCK | O_APPEND | O_NOATIME)

static const struct {
	int option;
	const char *text;
} opts[] = {
	{ NETLINK_PKTINFO, "NETLINK_PKTINFO" },
	{ NETLINK_BROADCAST_ERROR, "NETLINK_BROADCAST_ERROR" },
	{ NETLINK_NO_ENOBUFS, "NETLINK_NO_ENOBUFS" },
	{ NETLINK_LISTEN_ALL_NSID, "NETLINK_LISTEN_ALL_NSID" },
	{ NETLINK_CAP_ACK, "NETLINK_CAP_ACK" },
	{ NETLINK_EXT_ACK, "NETLINK_EXT_ACK" },
	{ NETLINK_GET_STRICT_CHK, "NETLINK_GET_STRICT_CHK" },
};

static bool get_int(int fd, int level, int option, int *out)
{
	socklen_t len = sizeof(*out);

	return !getsockopt(fd, level, option, out, &len) && len == sizeof(*out);
}

static bool is_stateless(int protocol)
{
	switch (protocol) {
	case NETLINK_ROUTE:
	case NETLINK_SOCK_DIAG:
	case NETLINK_XFRM:
	case NETLINK_KOBJECT_UEVENT:
	case NETLINK_GENERIC:
		return true;
	}
	return false;
}

static bool netlink_matches(const struct fd_probe *p)
{
	int family, protocol;

	return S_ISSOCK(p->st.st_mode) && p->dup >= 0 && !(p->flags & O_PATH) &&
	       get_int(p->dup, SOL_SOCKET, SO_DOMAIN, &family) && family == AF_NETLINK &&
	       get_int(p->dup, SOL_SOCKET, SO_PROTOCOL, &protocol) && is_stateless(protocol);
}

/* --- dump --- */

static struct err *failed(const struct fd_probe *p, const char *what)
{
	return err_sys(errno, "cannot read %s of fd %d of task %d", what, p->fd, p->task->host_pid);
}

static struct err *addrs_dump(const struct fd_probe *p, NetlinkSkEntry *rec)
{
	struct sockaddr_nl own = { 0 }, peer = { 0 };
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer);

	if (getsockname(p->dup, (struct sockaddr *)&own, &own_len) ||
	    getpeername(p->dup, (struct sockaddr *)&peer, &peer_len))
		return failed(p, "the address");
	rec->portid = own.nl_pid;
	rec->dst_portid = peer.nl_pid;
	/* The kernel shows the number of the group as a bit. */
	rec->dst_group = (uint32_t)__builtin_ffs((int)peer.nl_groups);
	rec->state = peer.nl_pid || peer.nl_groups ? CONNECTED : UNCONNECTED;
	return NULL;
}

static struct err *groups_dump(struct arena *a, const struct fd_probe *p, NetlinkSkEntry *rec)
{
	socklen_t len = MAX_GROUP_WORDS * sizeof(*rec->groups);

	rec->groups = arena_array(a, MAX_GROUP_WORDS, sizeof(*rec->groups));
	if (getsockopt(p->dup, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, rec->groups, &len))
		return failed(p, "the groups");
	rec->n_groups = MIN(len / sizeof(*rec->groups), (size_t)MAX_GROUP_WORDS);
	return NULL;
}

static void opts_dump(struct arena *a, const struct fd_probe *p, NetlinkSkEntry *rec)
{
	for (size_t i = 0; i < ARRAY_SIZE(opts); i++) {
		SkOptEntry *o;
		int value;

		if (!get_int(p->dup, SOL_NETLINK, opts[i].option, &value) || !value)
			continue;
		o = PB_NEW(a, SkOptEntry, sk_opt_entry);
		o->level = SOL_NETLINK;
		o->option = (uint32_t)opts[i].option;
		o->value = value;
		rec->more_opts = arena_grow(a, rec->more_opts, rec->n_more_opts,
					    sizeof(*rec->more_opts));
		rec->more_opts[rec->n_more_opts++] = o;
	}
}

static struct err *check_queue(const struct fd_probe *p)
{
	struct pollfd state = { .fd = p->dup, .events = POLLIN };

	if (poll(&state, 1, 0) < 0)
		return failed(p, "the state");
	if (state.revents & POLLERR)
		log_warn("files", p->task->host_pid,
			 "an error that fd %d has not read yet will be lost", p->fd);
	if (!(state.revents & POLLIN))
		return NULL;
	return err_hint(fd_probe_refuse(p, "messages that the program has not read yet would be "
					   "lost"),
			"dump again when the program has read them");
}

static struct err *netlink_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	const TaskKobjIdsEntry *ids = d->tree.root->ids;
	NetlinkSkEntry *r = rec->nlsk = PB_NEW(d->arena, NetlinkSkEntry, netlink_sk_entry);
	int type, protocol;

	TRY(check_queue(p));
	if (!get_int(p->dup, SOL_SOCKET, SO_TYPE, &type) ||
	    !get_int(p->dup, SOL_SOCKET, SO_PROTOCOL, &protocol))
		return failed(p, "the type");
	r->id = rec->id;
	r->ino = (uint32_t)p->st.st_ino;
	r->flags = p->flags;
	r->protocol = (uint32_t)protocol;
	r->has_type = true;
	r->type = (uint32_t)type;
	r->has_ns_id = ids && ids->has_net_ns_id;
	r->ns_id = r->has_ns_id ? ids->net_ns_id : 0;
	TRY(addrs_dump(p, r));
	TRY(groups_dump(d->arena, p, r));
	opts_dump(d->arena, p, r);
	TRY(sk_opts_dump(d, p, p->dup, &r->opts));
	return fown_ask(d, p, &r->fown);
}

/* --- restore --- */

static const char *find_opt(const SkOptEntry *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(opts); i++)
		if (o->level == SOL_NETLINK && o->option == (uint32_t)opts[i].option)
			return opts[i].text;
	return NULL;
}

static struct err *check_record(const NetlinkSkEntry *rec)
{
	if (rec->protocol > MAX_PROTOCOL || rec->n_groups > MAX_GROUP_WORDS ||
	    rec->dst_group > 32 * MAX_GROUP_WORDS)
		return err_new(ERR_IMAGE, "files.img: netlink socket %u is impossible", rec->id);
	if (rec->has_type && rec->type != SOCK_RAW && rec->type != SOCK_DGRAM)
		return err_new(ERR_IMAGE, "files.img: netlink socket %u has type %u", rec->id,
			       rec->type);
	for (size_t i = 0; i < rec->n_more_opts; i++)
		if (!find_opt(rec->more_opts[i]))
			return err_new(ERR_IMAGE,
				       "files.img: netlink socket %u has option %u of level %u",
				       rec->id, rec->more_opts[i]->option,
				       rec->more_opts[i]->level);
	return err_context(sk_opts_check(rec->opts), "files.img: netlink socket %u", rec->id);
}

static struct err *join_groups(const NetlinkSkEntry *rec, int fd)
{
	for (uint32_t i = 0; i < 32 * rec->n_groups; i++) {
		uint32_t group = i + 1;

		if (rec->groups[i / 32] >> i % 32 & 1 &&
		    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
			return err_sys(errno, "cannot join netlink group %u", group);
	}
	return NULL;
}

static struct err *set_opts(const NetlinkSkEntry *rec, int fd)
{
	for (size_t i = 0; i < rec->n_more_opts; i++) {
		const SkOptEntry *o = rec->more_opts[i];
		int value = o->value;

		if (setsockopt(fd, SOL_NETLINK, (int)o->option, &value, sizeof(value)))
			return err_sys(errno, "cannot set socket option %s", find_opt(o));
	}
	return NULL;
}

static struct err *bind_it(const NetlinkSkEntry *rec, int fd)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK, .nl_pid = rec->portid };
	struct sockaddr_nl peer = { .nl_family = AF_NETLINK, .nl_pid = rec->dst_portid };
	struct err *e;

	if (rec->portid && bind(fd, (struct sockaddr *)&own, sizeof(own))) {
		e = err_sys(errno, "cannot bind a netlink socket of protocol %u to port %u",
			    rec->protocol, rec->portid);
		return errno == EADDRINUSE ?
			       err_hint(e, "end the process that has it (ss -f netlink shows it)") :
			       e;
	}
	if (rec->dst_group && rec->dst_group <= 32)
		peer.nl_groups = 1u << (rec->dst_group - 1);
	if ((rec->dst_portid || rec->dst_group) &&
	    connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		return err_sys(errno, "cannot connect a netlink socket to port %u",
			       rec->dst_portid);
	return NULL;
}

static struct err *make(const NetlinkSkEntry *rec, int *fd_out)
{
	int type = rec->has_type ? (int)rec->type : SOCK_RAW;
	AUTO_FD fd = socket(AF_NETLINK, type | SOCK_CLOEXEC, (int)rec->protocol);

	if (fd < 0)
		return err_sys(errno, "cannot make a netlink socket of protocol %u", rec->protocol);
	TRY(bind_it(rec, fd));
	TRY(set_opts(rec, fd));
	TRY(sk_opts_restore(rec->opts, fd));
	TRY(join_groups(rec, fd));
	if (fcntl(fd, F_SETFL, (int)rec->flags & SOCKET_SETFL))
		return err_sys(errno, "cannot set its flags");
	*fd_out = fd_take(&fd);
	return NULL;
}

/* Made for a moment, to find out early that its port is taken. */
static struct err *netlink_link(struct restore *r, struct file *f)
{
	AUTO_FD fd = -1;

	TRY(check_record(f->rec->nlsk));
	return err_context(make(f->rec->nlsk, &fd), "cannot restore %s", file_user(r, f));
}

static struct err *netlink_open(struct worker *w UNUSED, struct file *f, int *fd_out)
{
	return make(f->rec->nlsk, fd_out);
}

const struct file_kind file_kind_netlink = {
	.name = "netlink",
	.type = FD_TYPES__NETLINKSK,
	.member = offsetof(FileEntry, nlsk),
	.about = "netlink sockets: port, groups, options",
	.matches = netlink_matches,
	.dump = netlink_dump,
	.link_up = netlink_link,
	.open = netlink_open,
};
