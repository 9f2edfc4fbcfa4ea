// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options of IP, IPv6, TCP and UDP by table.  A new socket of the same kind tells what is usual, because system
 * settings change that; what differs is written.  CRIU's images have fields for a few of them: these are filled too.
 */
#include "files/inet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/tcp.h>

#include "base/fd.h"
#include "files/sk_diag.h"

/* Numbers of <linux/in.h>, <linux/in6.h>, <linux/udp.h> and <asm-generic/socket.h> that some C libraries lack. */
enum {
	OPT_IP_RECVFRAGSIZE = 25,
	OPT_IP_RECVERR_RFC4884 = 26,
	OPT_IP_UNICAST_IF = 50,
	OPT_IP_LOCAL_PORT_RANGE = 51,
	OPT_IPV6_RECVERR_RFC4884 = 31,
	OPT_IPV6_MULTICAST_ALL = 29,
	OPT_IPV6_AUTOFLOWLABEL = 70,
	OPT_IPV6_ADDR_PREFERENCES = 72,
	OPT_IPV6_MINHOPCOUNT = 73,
	OPT_IPV6_ORIGDSTADDR = 74,
	OPT_IPV6_TRANSPARENT = 75,
	OPT_IPV6_UNICAST_IF = 76,
	OPT_IPV6_RECVFRAGSIZE = 77,
	OPT_IPV6_FREEBIND = 78,
	OPT_IPV6_FLOWINFO = 11,
	OPT_IPV6_FLOWINFO_SEND = 33,
	OPT_UDP_CORK = 1,
	OPT_UDPLITE_SEND_CSCOV = 10,
	OPT_UDPLITE_RECV_CSCOV = 11,
	OPT_UDP_ENCAP = 100,
	OPT_UDP_NO_CHECK6_TX = 101,
	OPT_UDP_NO_CHECK6_RX = 102,
	OPT_UDP_SEGMENT = 103,
	OPT_UDP_GRO = 104,
	OPT_SO_TXREHASH = 74,
	LEVEL_UDP = 17,
	LEVEL_UDPLITE = 136,
};

struct row {
	int level, option;
	const char *text;
	bool is_late; /* set when the socket is bound and has its peer */
	bool is_own;  /* with a connection, and after it, its peer has a say in it */
	bool is_cast; /* connections show it and cannot set it */
};

#define ROW(level_, option_)                                         \
	{                                                            \
		.level = level_, .option = option_, .text = #option_ \
	}
#define OWN(level_, name)                                            \
	{                                                            \
		.level = level_, .option = OPT_##name, .text = #name \
	}

#define CAST(level_, option_)                                                         \
	{                                                                             \
		.level = level_, .option = option_, .text = #option_, .is_cast = true \
	}

static const struct row rows[] = {
	ROW(SOL_SOCKET, SO_TIMESTAMP),
	ROW(SOL_SOCKET, SO_TIMESTAMPNS),
	ROW(SOL_SOCKET, SO_TIMESTAMPING),
	ROW(SOL_SOCKET, SO_RXQ_OVFL),
	ROW(SOL_SOCKET, SO_WIFI_STATUS),
	ROW(SOL_SOCKET, SO_SELECT_ERR_QUEUE),
	ROW(SOL_SOCKET, SO_BUSY_POLL),
	ROW(SOL_SOCKET, SO_ZEROCOPY),
	OWN(SOL_SOCKET, SO_TXREHASH),
	ROW(SOL_IP, IP_TOS),
	ROW(SOL_IP, IP_TTL),
	ROW(SOL_IP, IP_MINTTL),
	ROW(SOL_IP, IP_RECVOPTS),
	ROW(SOL_IP, IP_RETOPTS),
	ROW(SOL_IP, IP_PKTINFO),
	ROW(SOL_IP, IP_RECVTOS),
	ROW(SOL_IP, IP_RECVTTL),
	ROW(SOL_IP, IP_RECVORIGDSTADDR),
	ROW(SOL_IP, IP_CHECKSUM),
	OWN(SOL_IP, IP_RECVFRAGSIZE),
	ROW(SOL_IP, IP_PASSSEC),
	ROW(SOL_IP, IP_MTU_DISCOVER),
	ROW(SOL_IP, IP_RECVERR),
	OWN(SOL_IP, IP_RECVERR_RFC4884),
	ROW(SOL_IP, IP_FREEBIND),
	ROW(SOL_IP, IP_TRANSPARENT),
	ROW(SOL_IP, IP_BIND_ADDRESS_NO_PORT),
	OWN(SOL_IP, IP_LOCAL_PORT_RANGE),
	OWN(SOL_IP, IP_UNICAST_IF),
	CAST(SOL_IP, IP_MULTICAST_IF),
	CAST(SOL_IP, IP_MULTICAST_TTL),
	CAST(SOL_IP, IP_MULTICAST_LOOP),
	CAST(SOL_IP, IP_MULTICAST_ALL),
	ROW(SOL_IPV6, IPV6_TCLASS),
	ROW(SOL_IPV6, IPV6_UNICAST_HOPS),
	OWN(SOL_IPV6, IPV6_MINHOPCOUNT),
	ROW(SOL_IPV6, IPV6_RECVPKTINFO),
	ROW(SOL_IPV6, IPV6_RECVHOPLIMIT),
	ROW(SOL_IPV6, IPV6_RECVTCLASS),
	ROW(SOL_IPV6, IPV6_RECVHOPOPTS),
	ROW(SOL_IPV6, IPV6_RECVDSTOPTS),
	ROW(SOL_IPV6, IPV6_RECVRTHDR),
	ROW(SOL_IPV6, IPV6_RECVPATHMTU),
	OWN(SOL_IPV6, IPV6_ORIGDSTADDR),
	OWN(SOL_IPV6, IPV6_RECVFRAGSIZE),
	OWN(SOL_IPV6, IPV6_FLOWINFO),
	OWN(SOL_IPV6, IPV6_FLOWINFO_SEND),
	OWN(SOL_IPV6, IPV6_AUTOFLOWLABEL),
	OWN(SOL_IPV6, IPV6_ADDR_PREFERENCES),
	ROW(SOL_IPV6, IPV6_MTU_DISCOVER),
	ROW(SOL_IPV6, IPV6_DONTFRAG),
	ROW(SOL_IPV6, IPV6_RECVERR),
	OWN(SOL_IPV6, IPV6_RECVERR_RFC4884),
	OWN(SOL_IPV6, IPV6_FREEBIND),
	OWN(SOL_IPV6, IPV6_TRANSPARENT),
	OWN(SOL_IPV6, IPV6_UNICAST_IF),
	CAST(SOL_IPV6, IPV6_MULTICAST_IF),
	CAST(SOL_IPV6, IPV6_MULTICAST_HOPS),
	CAST(SOL_IPV6, IPV6_MULTICAST_LOOP),
	{ SOL_IPV6, OPT_IPV6_MULTICAST_ALL, "IPV6_MULTICAST_ALL", .is_cast = true },
	ROW(IPPROTO_TCP, TCP_NODELAY),
	{ IPPROTO_TCP, TCP_MAXSEG, "TCP_MAXSEG", .is_own = true },
	ROW(IPPROTO_TCP, TCP_CORK),
	ROW(IPPROTO_TCP, TCP_KEEPIDLE),
	ROW(IPPROTO_TCP, TCP_KEEPINTVL),
	ROW(IPPROTO_TCP, TCP_KEEPCNT),
	ROW(IPPROTO_TCP, TCP_SYNCNT),
	ROW(IPPROTO_TCP, TCP_LINGER2),
	ROW(IPPROTO_TCP, TCP_DEFER_ACCEPT),
	{ IPPROTO_TCP, TCP_WINDOW_CLAMP, "TCP_WINDOW_CLAMP", .is_own = true },
	ROW(IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS),
	ROW(IPPROTO_TCP, TCP_USER_TIMEOUT),
	ROW(IPPROTO_TCP, TCP_FASTOPEN),
	ROW(IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
	ROW(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE),
	ROW(IPPROTO_TCP, TCP_SAVE_SYN),
	ROW(IPPROTO_TCP, TCP_NOTSENT_LOWAT),
	ROW(IPPROTO_TCP, TCP_INQ),
	ROW(IPPROTO_TCP, TCP_TX_DELAY),
	{ LEVEL_UDP, OPT_UDP_CORK, "UDP_CORK", .is_late = true },
	OWN(LEVEL_UDP, UDP_NO_CHECK6_TX),
	OWN(LEVEL_UDP, UDP_NO_CHECK6_RX),
	OWN(LEVEL_UDP, UDP_SEGMENT),
	OWN(LEVEL_UDP, UDP_GRO),
	{ LEVEL_UDPLITE, OPT_UDP_CORK, "UDP_CORK", .is_late = true },
	OWN(LEVEL_UDPLITE, UDPLITE_SEND_CSCOV),
	OWN(LEVEL_UDPLITE, UDPLITE_RECV_CSCOV),
};

static const struct row *find_row(uint32_t level, uint32_t option)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if ((uint32_t)rows[i].level == level && (uint32_t)rows[i].option == option)
			return &rows[i];
	return NULL;
}

/* A kernel that does not know an option, or a family that has not got it, says so. */
static bool get_int(int fd, int level, int option, int *out)
{
	socklen_t len = sizeof(*out);

	*out = 0;
	return !getsockopt(fd, level, option, out, &len) && len && len <= sizeof(*out);
}

/* Those of SOL_IP that an IPv6 socket has are for what it sends to IPv4. */
static bool is_for(const InetSkEntry *rec, const struct row *row)
{
	if (row->is_cast && rec->proto == IPPROTO_TCP)
		return false;
	switch (row->level) {
	case SOL_SOCKET:
	case SOL_IP:
		return true;
	case SOL_IPV6:
		return rec->family == AF_INET6;
	}
	return (uint32_t)row->level == rec->proto;
}

static bool had_connection(const InetSkEntry *rec)
{
	return inet_is_connection(rec) || (rec->state == SK_STATE_CLOSE && rec->has_shutdown);
}

static struct err *read_rows(struct arena *a, InetSkEntry *rec, int fd, int usual_fd)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		SkOptEntry *o;
		int value, usual;

		if (!is_for(rec, &rows[i]) || (rows[i].is_own && had_connection(rec)) ||
		    !get_int(usual_fd, rows[i].level, rows[i].option, &usual))
			continue;
		if (!get_int(fd, rows[i].level, rows[i].option, &value))
			return err_sys(errno, "cannot read socket option %s", rows[i].text);
		if (value == usual)
			continue;
		o = PB_NEW(a, SkOptEntry, sk_opt_entry);
		o->level = (uint32_t)rows[i].level;
		o->option = (uint32_t)rows[i].option;
		o->value = value;
		rec->more_opts = arena_grow(a, rec->more_opts, rec->n_more_opts,
					    sizeof(*rec->more_opts));
		rec->more_opts[rec->n_more_opts++] = o;
	}
	return NULL;
}

/* --- CRIU's own fields --- */

static void read_ip(struct arena *a, InetSkEntry *rec, int fd)
{
	IpOptsEntry *o = rec->ip_opts = PB_NEW(a, IpOptsEntry, ip_opts_entry);
	bool is_v6 = rec->family == AF_INET6;
	int level = is_v6 ? SOL_IPV6 : SOL_IP, value;

	o->has_freebind = get_int(fd, level, is_v6 ? OPT_IPV6_FREEBIND : IP_FREEBIND, &value) &&
			  value;
	o->freebind = o->has_freebind;
	o->has_pktinfo = get_int(fd, level, is_v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &value) && value;
	o->pktinfo = o->has_pktinfo;
	if (is_v6) {
		rec->has_v6only = get_int(fd, SOL_IPV6, IPV6_V6ONLY, &value);
		rec->v6only = value;
		return;
	}
	o->has_tos = get_int(fd, SOL_IP, IP_TOS, &value);
	o->tos = (uint32_t)value;
	o->has_ttl = get_int(fd, SOL_IP, IP_TTL, &value);
	o->ttl = (uint32_t)value;
}

static void read_tcp(struct arena *a, InetSkEntry *rec, int fd)
{
	TcpOptsEntry *o = rec->tcp_opts = PB_NEW(a, TcpOptsEntry, tcp_opts_entry);
	int value;

	o->has_cork = get_int(fd, IPPROTO_TCP, TCP_CORK, &value);
	o->cork = value;
	o->has_nodelay = get_int(fd, IPPROTO_TCP, TCP_NODELAY, &value);
	o->nodelay = value;
	o->has_keepcnt = get_int(fd, IPPROTO_TCP, TCP_KEEPCNT, &value);
	o->keepcnt = (uint32_t)value;
	o->has_keepidle = get_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value);
	o->keepidle = (uint32_t)value;
	o->has_keepintvl = get_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, &value);
	o->keepintvl = (uint32_t)value;
}

static bool get_text(int fd, int option, char text[16 + 1])
{
	socklen_t len = 16;

	memset(text, 0, 16 + 1);
	return !getsockopt(fd, IPPROTO_TCP, option, text, &len) && text[0];
}

static void read_congestion(struct arena *a, InetSkEntry *rec, int fd, int usual_fd)
{
	char usual[16 + 1], value[16 + 1];

	if (get_text(usual_fd, TCP_CONGESTION, usual) && get_text(fd, TCP_CONGESTION, value) &&
	    strcmp(usual, value) != 0)
		rec->congestion = arena_strdup(a, value);
}

/* --- what has no number --- */

static const struct {
	int level, option;
	const char *text;
} headers[] = {
	{ SOL_IP, IP_OPTIONS, "IP_OPTIONS" },
	{ SOL_IPV6, IPV6_HOPOPTS, "IPV6_HOPOPTS" },
	{ SOL_IPV6, IPV6_RTHDR, "IPV6_RTHDR" },
	{ SOL_IPV6, IPV6_RTHDRDSTOPTS, "IPV6_RTHDRDSTOPTS" },
	{ SOL_IPV6, IPV6_DSTOPTS, "IPV6_DSTOPTS" },
};

static struct err *check_headers(const struct fd_probe *p, int fd)
{
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		char buf[2048];
		socklen_t len = sizeof(buf);

		if (!getsockopt(fd, headers[i].level, headers[i].option, buf, &len) && len)
			return err_hint(fd_probe_refuse(p,
							"it adds headers to all that it sends "
							"(%s), which is not supported",
							headers[i].text),
					"set the option to nothing before the dump");
	}
	return NULL;
}

static struct err *check_layers(const struct fd_probe *p, const InetSkEntry *rec, int fd)
{
	char ulp[16 + 1];
	int encap;

	if (rec->proto == IPPROTO_TCP && get_text(fd, TCP_ULP, ulp))
		return err_hint(
			fd_probe_refuse(p,
					"the kernel handles \"%s\" in it, whose state cannot "
					"be read",
					ulp),
			"let the program do that itself, or close it before the dump");
	if (rec->proto != IPPROTO_TCP && get_int(fd, (int)rec->proto, OPT_UDP_ENCAP, &encap) &&
	    encap)
		return err_hint(fd_probe_refuse(p, "it unpacks a tunnel in the kernel (UDP_ENCAP)"),
				"close it before the dump");
	return NULL;
}

struct err *inet_opts_dump(struct dump *d, const struct fd_probe *p, int fd, InetSkEntry *rec)
{
	AUTO_FD usual = socket((int)rec->family, (int)rec->type | SOCK_CLOEXEC, (int)rec->proto);

	if (usual < 0)
		return err_sys(errno, "cannot make a socket to see what is usual");
	TRY(check_headers(p, fd));
	TRY(check_layers(p, rec, fd));
	TRY(read_rows(d->arena, rec, fd, usual));
	read_ip(d->arena, rec, fd);
	if (rec->proto == IPPROTO_TCP) {
		read_tcp(d->arena, rec, fd);
		read_congestion(d->arena, rec, fd, usual);
	}
	return NULL;
}

/* --- restore --- */

struct err *inet_opts_check(const InetSkEntry *rec)
{
	for (size_t i = 0; i < rec->n_more_opts; i++) {
		const SkOptEntry *o = rec->more_opts[i];
		const struct row *row = find_row(o->level, o->option);

		if (!row || !is_for(rec, row))
			return err_new(ERR_IMAGE, "it has socket option %u of level %u", o->option,
				       o->level);
	}
	if (rec->congestion && strlen(rec->congestion) > 15)
		return err_new(ERR_IMAGE, "the name of its congestion control has %zu characters",
			       strlen(rec->congestion));
	return NULL;
}

static struct err *set(int fd, int level, int option, const char *text, int value)
{
	int now;

	if (get_int(fd, level, option, &now) && now == value)
		return NULL;
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		return err_sys(errno, "cannot set socket option %s to %d", text, value);
	return NULL;
}

static struct err *set_rows(const InetSkEntry *rec, int fd, bool is_late)
{
	for (size_t i = 0; i < rec->n_more_opts; i++) {
		const SkOptEntry *o = rec->more_opts[i];
		const struct row *row = find_row(o->level, o->option);

		if (row->is_late == is_late)
			TRY(set(fd, row->level, row->option, row->text, o->value));
	}
	return NULL;
}

static struct err *set_ip(const InetSkEntry *rec, int fd)
{
	const IpOptsEntry *o = rec->ip_opts;
	bool is_v6 = rec->family == AF_INET6;
	int level = is_v6 ? SOL_IPV6 : SOL_IP;

	if (is_v6 && rec->has_v6only)
		TRY(set(fd, SOL_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY", rec->v6only));
	if (!o)
		return NULL;
	if (o->freebind)
		TRY(set(fd, level, is_v6 ? OPT_IPV6_FREEBIND : IP_FREEBIND, "IP_FREEBIND", 1));
	if (o->pktinfo)
		TRY(set(fd, level, is_v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, "IP_PKTINFO", 1));
	if (o->has_tos)
		TRY(set(fd, SOL_IP, IP_TOS, "IP_TOS", (int)o->tos));
	if (o->has_ttl)
		TRY(set(fd, SOL_IP, IP_TTL, "IP_TTL", (int)o->ttl));
	return NULL;
}

static struct err *set_tcp(const InetSkEntry *rec, int fd)
{
	const TcpOptsEntry *o = rec->tcp_opts;

	if (!o)
		return NULL;
	if (o->has_cork)
		TRY(set(fd, IPPROTO_TCP, TCP_CORK, "TCP_CORK", o->cork));
	if (o->has_nodelay)
		TRY(set(fd, IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY", o->nodelay));
	if (o->has_keepcnt)
		TRY(set(fd, IPPROTO_TCP, TCP_KEEPCNT, "TCP_KEEPCNT", (int)o->keepcnt));
	if (o->has_keepidle)
		TRY(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, "TCP_KEEPIDLE", (int)o->keepidle));
	if (o->has_keepintvl)
		TRY(set(fd, IPPROTO_TCP, TCP_KEEPINTVL, "TCP_KEEPINTVL", (int)o->keepintvl));
	return NULL;
}

struct err *inet_opts_restore(const InetSkEntry *rec, int fd)
{
	if (rec->congestion && setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, rec->congestion,
					  (socklen_t)strlen(rec->congestion)))
		return err_hint(err_sys(errno, "cannot set the congestion control \"%s\"",
					rec->congestion),
				"load the module tcp_%s", rec->congestion);
	TRY(set_ip(rec, fd));
	if (rec->proto == IPPROTO_TCP)
		TRY(set_tcp(rec, fd));
	return set_rows(rec, fd, false);
}

struct err *inet_opts_restore_late(const InetSkEntry *rec, int fd)
{
	return set_rows(rec, fd, true);
}
