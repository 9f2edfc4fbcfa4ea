// SPDX-License-Identifier: GPL-2.0-only
/*
 * Socket options by table.  What a kernel does not know is not written; on restore only what differs is set, so that
 * an option which a family refuses is no failure as long as it has the usual value.
 */
#include "files/sk_opts.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/filter.h>

/* Newer than some C libraries; numbers of <asm-generic/socket.h>. */
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

struct row {
	int option;
	const char *text;
	size_t has, value; /* offsets of members of 32 bits each */
	int usual;	   /* not written when it has this value; -2: always written */
};

enum { ALWAYS = -2 };

#define ROW(option_, member, usual_)                                                             \
	{                                                                                        \
		.option = option_, .text = #option_, .has = offsetof(SkOptsEntry, has_##member), \
		.value = offsetof(SkOptsEntry, member), .usual = usual_,                         \
	}

/* In the order in which they are set: a locked filter cannot be changed any more. */
static const struct row rows[] = {
	ROW(SO_REUSEADDR, reuseaddr, ALWAYS),	 ROW(SO_PRIORITY, so_priority, ALWAYS),
	ROW(SO_RCVLOWAT, so_rcvlowat, ALWAYS),	 ROW(SO_MARK, so_mark, 0),
	ROW(SO_PASSCRED, so_passcred, ALWAYS),	 ROW(SO_PASSSEC, so_passsec, ALWAYS),
	ROW(SO_DONTROUTE, so_dontroute, ALWAYS), ROW(SO_NO_CHECK, so_no_check, ALWAYS),
	ROW(SO_REUSEPORT, so_reuseport, ALWAYS), ROW(SO_BROADCAST, so_broadcast, ALWAYS),
	ROW(SO_KEEPALIVE, so_keepalive, ALWAYS), ROW(SO_OOBINLINE, so_oobinline, ALWAYS),
	ROW(SO_BUF_LOCK, so_buf_lock, ALWAYS),	 ROW(SO_PEEK_OFF, so_peek_off, -1),
	ROW(SO_PASSPIDFD, so_passpidfd, 0),	 ROW(SO_PASSRIGHTS, so_passrights, 1),
	ROW(SO_LOCK_FILTER, so_lock_filter, 0),
};

static bool get_int(int fd, int option, int *out)
{
	socklen_t len = sizeof(*out);

	return !getsockopt(fd, SOL_SOCKET, option, out, &len) && len == sizeof(*out);
}

static struct err *read_rows(SkOptsEntry *o, int fd)
{
	char *base = (char *)o;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int value;

		if (!get_int(fd, rows[i].option, &value)) {
			if (errno != ENOPROTOOPT && errno != EOPNOTSUPP)
				return err_sys(errno, "cannot read socket option %s", rows[i].text);
			continue;
		}
		if (value == rows[i].usual)
			continue;
		*(protobuf_c_boolean *)(base + rows[i].has) = true;
		memcpy(base + rows[i].value, &value, sizeof(value));
	}
	return NULL;
}

static struct err *read_sizes(SkOptsEntry *o, int fd)
{
	struct timeval send_tmo, recv_tmo;
	socklen_t send_len = sizeof(send_tmo), recv_len = sizeof(recv_tmo);
	int sndbuf, rcvbuf;

	if (!get_int(fd, SO_SNDBUF, &sndbuf) || !get_int(fd, SO_RCVBUF, &rcvbuf))
		return err_sys(errno, "cannot read the socket's buffer sizes");
	if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_tmo, &send_len) ||
	    getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &recv_tmo, &recv_len))
		return err_sys(errno, "cannot read the socket's time limits");
	o->so_sndbuf = (uint32_t)sndbuf;
	o->so_rcvbuf = (uint32_t)rcvbuf;
	o->so_snd_tmo_sec = (uint64_t)send_tmo.tv_sec;
	o->so_snd_tmo_usec = (uint64_t)send_tmo.tv_usec;
	o->so_rcv_tmo_sec = (uint64_t)recv_tmo.tv_sec;
	o->so_rcv_tmo_usec = (uint64_t)recv_tmo.tv_usec;
	return NULL;
}

static struct err *read_linger(SkOptsEntry *o, int fd)
{
	struct linger l;
	socklen_t len = sizeof(l);

	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len))
		return err_sys(errno, "cannot read socket option SO_LINGER");
	o->has_so_linger = l.l_onoff;
	o->so_linger = (uint32_t)l.l_linger;
	return NULL;
}

static struct err *read_device(struct arena *a, SkOptsEntry *o, int fd)
{
	char name[64] = "";
	socklen_t len = sizeof(name) - 1;

	if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len))
		return err_sys(errno, "cannot read socket option SO_BINDTODEVICE");
	if (len && name[0])
		o->so_bound_dev = arena_strdup(a, name);
	return NULL;
}

/* The length of SO_GET_FILTER counts instructions; of an eBPF program it says EACCES. */
static struct err *read_filter(struct arena *a, const struct fd_probe *p, SkOptsEntry *o, int fd)
{
	struct sock_filter *code;
	socklen_t nr = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &nr)) {
		if (errno == EACCES)
			return err_hint(fd_probe_refuse(p, "its filter is an eBPF program, which "
							   "cannot be read back"),
					"detach it (SO_DETACH_FILTER) before the dump");
		return err_sys(errno, "cannot read the socket's filter");
	}
	if (!nr)
		return NULL;
	code = arena_array(a, nr, sizeof(*code));
	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, code, &nr))
		return err_sys(errno, "cannot read the socket's filter");
	o->so_filter = arena_array(a, nr, sizeof(*o->so_filter));
	o->n_so_filter = nr;
	for (size_t i = 0; i < nr; i++)
		o->so_filter[i] = (uint64_t)code[i].code << 48 | (uint64_t)code[i].jt << 40 |
				  (uint64_t)code[i].jf << 32 | code[i].k;
	return NULL;
}

struct err *sk_opts_dump(struct dump *d, const struct fd_probe *p, int fd, SkOptsEntry **out)
{
	SkOptsEntry *o = PB_NEW(d->arena, SkOptsEntry, sk_opts_entry);

	TRY(read_sizes(o, fd));
	TRY(read_rows(o, fd));
	TRY(read_linger(o, fd));
	TRY(read_device(d->arena, o, fd));
	TRY(read_filter(d->arena, p, o, fd));
	*out = o;
	return NULL;
}

/* --- restore --- */

struct err *sk_opts_check(const SkOptsEntry *o)
{
	if (o->n_so_filter > BPF_MAXINSNS)
		return err_new(ERR_IMAGE, "its filter has %zu instructions", o->n_so_filter);
	if (o->so_sndbuf > INT32_MAX || o->so_rcvbuf > INT32_MAX)
		return err_new(ERR_IMAGE, "a socket buffer of %u or %u bytes is impossible",
			       o->so_sndbuf, o->so_rcvbuf);
	if (o->so_snd_tmo_usec >= 1000000 || o->so_rcv_tmo_usec >= 1000000)
		return err_new(ERR_IMAGE, "a time limit has more than a million microseconds");
	return NULL;
}

static struct err *set(int fd, int option, const char *text, const void *value, size_t len)
{
	if (setsockopt(fd, SOL_SOCKET, option, value, (socklen_t)len))
		return err_sys(errno, "cannot set socket option %s", text);
	return NULL;
}

/* The kernel doubles what it is given; see socket(7). */
static struct err *set_buffer(int fd, int get, int force, const char *text, uint32_t want)
{
	int now, value = (int)(want / 2);

	if (!want || (get_int(fd, get, &now) && now == (int)want))
		return NULL;
	return set(fd, force, text, &value, sizeof(value));
}

static struct err *set_time(int fd, int option, const char *text, uint64_t sec, uint64_t usec)
{
	struct timeval tv = { .tv_sec = (time_t)sec, .tv_usec = (suseconds_t)usec };

	return sec || usec ? set(fd, option, text, &tv, sizeof(tv)) : NULL;
}

static struct err *set_rows(const SkOptsEntry *o, int fd)
{
	const char *base = (const char *)o;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int value, now;

		if (!*(const protobuf_c_boolean *)(base + rows[i].has))
			continue;
		memcpy(&value, base + rows[i].value, sizeof(value));
		if (get_int(fd, rows[i].option, &now) && now == value)
			continue;
		TRY(set(fd, rows[i].option, rows[i].text, &value, sizeof(value)));
	}
	return NULL;
}

static struct err *set_filter(const SkOptsEntry *o, int fd)
{
	AUTO_FREE struct sock_filter *code = calloc(o->n_so_filter + 1, sizeof(*code));
	struct sock_fprog prog = { .len = (unsigned short)o->n_so_filter, .filter = code };

	if (!o->n_so_filter)
		return NULL;
	if (!code)
		return err_sys(ENOMEM, "cannot set the socket's filter");
	for (size_t i = 0; i < o->n_so_filter; i++)
		code[i] = (struct sock_filter){ .code = (uint16_t)(o->so_filter[i] >> 48),
						.jt = (uint8_t)(o->so_filter[i] >> 40),
						.jf = (uint8_t)(o->so_filter[i] >> 32),
						.k = (uint32_t)o->so_filter[i] };
	return set(fd, SO_ATTACH_FILTER, "SO_ATTACH_FILTER", &prog, sizeof(prog));
}

struct err *sk_opts_restore(const SkOptsEntry *o, int fd)
{
	struct linger l = { .l_onoff = 1, .l_linger = (int)o->so_linger };

	TRY(set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, "SO_SNDBUFFORCE", o->so_sndbuf));
	TRY(set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, "SO_RCVBUFFORCE", o->so_rcvbuf));
	TRY(set_time(fd, SO_SNDTIMEO, "SO_SNDTIMEO", o->so_snd_tmo_sec, o->so_snd_tmo_usec));
	TRY(set_time(fd, SO_RCVTIMEO, "SO_RCVTIMEO", o->so_rcv_tmo_sec, o->so_rcv_tmo_usec));
	if (o->has_so_linger)
		TRY(set(fd, SO_LINGER, "SO_LINGER", &l, sizeof(l)));
	if (o->so_bound_dev && o->so_bound_dev[0])
		TRY(set(fd, SO_BINDTODEVICE, "SO_BINDTODEVICE", o->so_bound_dev,
			strlen(o->so_bound_dev)));
	TRY(set_filter(o, fd));
	return set_rows(o, fd);
}
