// SPDX-License-Identifier: GPL-2.0-only
/* How UDP sockets are shut down: only sock_diag(7) tells.  Sockets without a port are not in its list. */
#include <string.h>
#include <sys/socket.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>

#include "files/inet.h"
#include "files/sk_diag.h"

struct inet_shutdown {
	struct lookup_node node; /* by inode */
	uint32_t ino;
	uint8_t how;
};

/* The sockets of one family and protocol. */
struct inet_diags {
	struct inet_diags *next;
	uint32_t family, proto;
	struct lookup by_ino;
};

/* Most are not shut down, and need not be kept. */
static void take(struct arena *a, void *arg, const struct nlmsghdr *head)
{
	struct inet_diags *t = arg;
	const struct inet_diag_msg *m = NLMSG_DATA(head);
	int len = (int)head->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*m));
	uint8_t how = 0;

	if (len < 0)
		return;
	for (const struct rtattr *attr = (const void *)(m + 1); RTA_OK(attr, len);
	     attr = RTA_NEXT(attr, len))
		if (attr->rta_type == INET_DIAG_SHUTDOWN && RTA_PAYLOAD(attr))
			memcpy(&how, RTA_DATA(attr), 1);
	if (how & 3) {
		struct inet_shutdown *s = ARENA_NEW(a, struct inet_shutdown);

		s->ino = m->idiag_inode;
		s->how = how & 3;
		lookup_add(&t->by_ino, &s->node, lookup_hash_u64(0, s->ino));
	}
}

static struct err *read_all(struct dump *d, struct inet_diags *t)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 req;
	} msg = {
		.head = { .nlmsg_len = sizeof(msg),
			  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.req = { .sdiag_family = (uint8_t)t->family,
			 .sdiag_protocol = (uint8_t)t->proto,
			 .idiag_states = ~0u },
	};

	return sk_diag_ask(d->arena, &(struct sk_diag_query){ .request = &msg,
							      .len = sizeof(msg),
							      .what = "UDP sockets",
							      .module = "udp_diag",
							      .take = take,
							      .arg = t });
}

/* Asked once for each family: nothing of a stopped tree changes. */
static struct err *diags_get(struct dump *d, const InetSkEntry *rec, struct inet_diags **out)
{
	struct dump_files *df = d->files->dump;
	struct inet_diags *t = df->inet_diags;

	while (t && (t->family != rec->family || t->proto != rec->proto))
		t = t->next;
	if (!t) {
		t = ARENA_NEW(d->arena, struct inet_diags);
		t->family = rec->family;
		t->proto = rec->proto;
		t->by_ino.arena = d->arena;
		TRY(read_all(d, t));
		t->next = df->inet_diags;
		df->inet_diags = t;
	}
	*out = t;
	return NULL;
}

struct err *inet_shutdown_find(struct dump *d, const InetSkEntry *rec, uint32_t *how_out)
{
	struct lookup_node *n;
	struct inet_diags *t;

	*how_out = 0;
	TRY(diags_get(d, rec, &t));
	for (n = lookup_first(&t->by_ino, lookup_hash_u64(0, rec->ino)); n; n = lookup_next(n)) {
		const struct inet_shutdown *s = CONTAINER_OF(n, struct inet_shutdown, node);

		if (s->ino == rec->ino)
			*how_out = s->how;
	}
	return NULL;
}
