// SPDX-License-Identifier: GPL-2.0-only
/*
 * Multicast groups of sockets.  The kernel does not list those of one socket, but those of each interface
 * (/proc/net/igmp, igmp6); then MCAST_MSFILTER tells whether the socket is in one, and from whom it takes packets.
 */
#include "files/inet.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

/* The most sources that are kept; the kernel's own limits are 10 and 64 (igmp_max_msf, mld_max_msf). */
enum { MAX_SOURCES = 1024 };

/* A group that somebody on this machine has joined. */
struct inet_group {
	uint32_t family, ifindex;
	union inet_addr addr;
};

struct inet_groups {
	struct inet_group *list;
	size_t nr;
};

static struct inet_group *new_group(struct arena *a, struct inet_groups *all, uint32_t family,
				    uint32_t ifindex)
{
	struct inet_group *g;

	all->list = arena_grow(a, all->list, all->nr, sizeof(*all->list));
	g = &all->list[all->nr++];
	*g = (struct inet_group){ .family = family, .ifindex = ifindex };
	g->addr.any.sa_family = (sa_family_t)family;
	return g;
}

/* A line of an interface begins with its index, lines of its groups with tabs and the address in memory order. */
static void parse_igmp(struct arena *a, struct inet_groups *all, char *text)
{
	uint32_t ifindex = 0, addr;
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] != '\t')
			ifindex = (uint32_t)strtoul(line, NULL, 10);
		else if (ifindex && sscanf(line, "%x", &addr) == 1)
			new_group(a, all, AF_INET, ifindex)->addr.v4.sin_addr.s_addr = addr;
	}
}

static bool parse_hex(const char *text, uint8_t bytes[16])
{
	for (size_t i = 0; i < 16; i++)
		if (sscanf(text + 2 * i, "%2hhx", &bytes[i]) != 1)
			return false;
	return true;
}

/* "INDEX NAME ADDRESS USERS ..." */
static void parse_igmp6(struct arena *a, struct inet_groups *all, char *text)
{
	char addr[32 + 1], *rest = NULL;
	uint32_t ifindex;
	uint8_t bytes[16];

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (sscanf(line, "%u %*s %32s", &ifindex, addr) == 2 && strlen(addr) == 32 &&
		    parse_hex(addr, bytes))
			memcpy(&new_group(a, all, AF_INET6, ifindex)->addr.v6.sin6_addr, bytes,
			       sizeof(bytes));
}

static void read_text(struct arena *a, struct inet_groups *all, const char *path,
		      void (*parse)(struct arena *a, struct inet_groups *all, char *text))
{
	AUTO_FREE char *text = NULL;
	struct err *e = file_slurp_at(AT_FDCWD, &text, NULL, "%s", path);

	if (e)
		err_drop(e, "this kernel has no multicast, or no IPv6");
	else
		parse(a, all, text);
}

/* Read once: nothing of a stopped tree changes. */
static const struct inet_groups *all_groups(struct dump *d)
{
	struct dump_files *df = d->files->dump;

	if (!df->inet_groups) {
		df->inet_groups = ARENA_NEW(d->arena, struct inet_groups);
		read_text(d->arena, df->inet_groups, "/proc/self/net/igmp", parse_igmp);
		read_text(d->arena, df->inet_groups, "/proc/self/net/igmp6", parse_igmp6);
	}
	return df->inet_groups;
}

/* --- dump --- */

static const void *addr_bytes(const struct sockaddr_storage *s, size_t *len_out)
{
	const union inet_addr *a = (const void *)s;

	*len_out = inet_addr_bytes(s->ss_family);
	return s->ss_family == AF_INET6 ? (const void *)&a->v6.sin6_addr :
					  (const void *)&a->v4.sin_addr;
}

static void set_bytes(struct arena *a, ProtobufCBinaryData *out, const struct sockaddr_storage *s)
{
	const void *bytes = addr_bytes(s, &out->len);

	out->data = arena_memdup(a, bytes, out->len);
}

static struct err *add_record(struct dump *d, const struct fd_probe *p, const struct inet_group *g,
			      const struct group_filter *f, InetSkEntry *rec)
{
	InetGroupEntry *r = PB_NEW(d->arena, InetGroupEntry, inet_group_entry);
	char name[IF_NAMESIZE];

	if (!if_indextoname(g->ifindex, name))
		return err_sys(errno, "cannot read the name of interface %u", g->ifindex);
	if (f->gf_numsrc > MAX_SOURCES)
		return err_hint(fd_probe_refuse(p, "it takes packets of %u senders of one group",
						f->gf_numsrc),
				"let it leave the group before the dump");
	r->ifname = arena_strdup(d->arena, name);
	r->include = f->gf_fmode == MCAST_INCLUDE;
	set_bytes(d->arena, &r->group, &f->gf_group);
	r->n_sources = f->gf_numsrc;
	r->sources = arena_array(d->arena, f->gf_numsrc, sizeof(*r->sources));
	for (size_t i = 0; i < f->gf_numsrc; i++)
		set_bytes(d->arena, &r->sources[i], &f->gf_slist[i]);
	rec->groups = arena_grow(d->arena, rec->groups, rec->n_groups, sizeof(*rec->groups));
	rec->groups[rec->n_groups++] = r;
	return NULL;
}

static struct group_filter *new_filter(void)
{
	return calloc(1, GROUP_FILTER_SIZE(MAX_SOURCES));
}

struct err *inet_groups_dump(struct dump *d, const struct fd_probe *p, int fd, InetSkEntry *rec)
{
	const struct inet_groups *all = all_groups(d);
	AUTO_FREE struct group_filter *f = new_filter();

	if (!f)
		return err_sys(ENOMEM, "cannot read multicast groups");
	for (size_t i = 0; i < all->nr; i++) {
		const struct inet_group *g = &all->list[i];
		socklen_t len = GROUP_FILTER_SIZE(MAX_SOURCES);

		if (g->family == AF_INET6 && rec->family != AF_INET6)
			continue;
		f->gf_interface = g->ifindex;
		memcpy(&f->gf_group, &g->addr, sizeof(g->addr));
		f->gf_numsrc = MAX_SOURCES;
		if (!getsockopt(fd, g->family == AF_INET6 ? SOL_IPV6 : SOL_IP, MCAST_MSFILTER, f,
				&len))
			TRY(add_record(d, p, g, f, rec));
		else if (errno != EADDRNOTAVAIL)
			return err_sys(errno, "cannot read multicast groups");
	}
	return NULL;
}

/* --- restore --- */

static bool is_addr_len(const InetSkEntry *rec, size_t len)
{
	return len == 4 || (len == 16 && rec->family == AF_INET6);
}

struct err *inet_groups_check(const InetSkEntry *rec)
{
	for (size_t i = 0; i < rec->n_groups; i++) {
		const InetGroupEntry *r = rec->groups[i];

		if (!is_addr_len(rec, r->group.len) || r->n_sources > MAX_SOURCES ||
		    strlen(r->ifname) >= IF_NAMESIZE)
			return err_new(ERR_IMAGE, "one of its multicast groups is impossible");
		for (size_t k = 0; k < r->n_sources; k++)
			if (r->sources[k].len != r->group.len)
				return err_new(ERR_IMAGE,
					       "a sender of a multicast group has an address of "
					       "%zu bytes",
					       r->sources[k].len);
	}
	return NULL;
}

static void get_bytes(const ProtobufCBinaryData *bytes, struct sockaddr_storage *out)
{
	union inet_addr *a = (void *)out;

	memset(out, 0, sizeof(*out));
	out->ss_family = bytes->len == 16 ? AF_INET6 : AF_INET;
	memcpy(bytes->len == 16 ? (void *)&a->v6.sin6_addr : (void *)&a->v4.sin_addr, bytes->data,
	       bytes->len);
}

static struct err *join(int fd, int level, const struct group_filter *f)
{
	struct group_req req = { .gr_interface = f->gf_interface, .gr_group = f->gf_group };

	if (setsockopt(fd, level, MCAST_JOIN_GROUP, &req, sizeof(req)))
		return err_sys(errno, "cannot join a multicast group");
	if (f->gf_fmode == MCAST_EXCLUDE && !f->gf_numsrc)
		return NULL;
	if (setsockopt(fd, level, MCAST_MSFILTER, f, GROUP_FILTER_SIZE(f->gf_numsrc)))
		return err_sys(errno, "cannot choose the senders of a multicast group");
	return NULL;
}

static struct err *restore_one(const InetGroupEntry *r, int fd)
{
	AUTO_FREE struct group_filter *f = new_filter();

	if (!f)
		return err_sys(ENOMEM, "cannot join a multicast group");
	f->gf_interface = if_nametoindex(r->ifname);
	if (!f->gf_interface)
		return err_hint(err_sys(errno, "cannot join a multicast group on interface \"%s\"",
					r->ifname),
				"give an interface of this machine that name");
	f->gf_fmode = r->include ? MCAST_INCLUDE : MCAST_EXCLUDE;
	f->gf_numsrc = (uint32_t)r->n_sources;
	get_bytes(&r->group, &f->gf_group);
	for (size_t i = 0; i < r->n_sources; i++)
		get_bytes(&r->sources[i], &f->gf_slist[i]);
	return join(fd, r->group.len == 16 ? SOL_IPV6 : SOL_IP, f);
}

struct err *inet_groups_restore(const InetSkEntry *rec, int fd)
{
	for (size_t i = 0; i < rec->n_groups; i++)
		TRY(restore_one(rec->groups[i], fd));
	return NULL;
}
