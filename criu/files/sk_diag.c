// SPDX-License-Identifier: GPL-2.0-only
/* Asks the kernel's sock_diag, see sock_diag(7) and <linux/unix_diag.h>. */
#include "files/sk_diag.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include "base/fd.h"

/* The kernel fills messages of at most 32 KiB for dumps (netlink(7)). */
enum { REPLY_LEN = 65536 };

static void read_attribute(struct arena *a, struct unix_diag *s, const struct rtattr *attr)
{
	size_t len = RTA_PAYLOAD(attr);
	const void *data = RTA_DATA(attr);

	switch (attr->rta_type) {
	case UNIX_DIAG_NAME:
		s->name = arena_memdup(a, data, len);
		s->name_len = len;
		break;
	case UNIX_DIAG_PEER:
		s->has_peer = len >= sizeof(s->peer);
		if (s->has_peer)
			memcpy(&s->peer, data, sizeof(s->peer));
		break;
	case UNIX_DIAG_ICONS:
		s->icons = arena_memdup(a, data, len);
		s->nr_icons = len / sizeof(*s->icons);
		break;
	case UNIX_DIAG_RQLEN:
		if (len >= sizeof(struct unix_diag_rqlen))
			s->backlog = ((const struct unix_diag_rqlen *)data)->udiag_wqueue;
		break;
	case UNIX_DIAG_SHUTDOWN:
		if (len)
			memcpy(&s->shutdown, data, 1);
		break;
	}
}

static void add_one(struct arena *a, void *arg, const struct nlmsghdr *head)
{
	struct unix_diags *t = arg;
	const struct unix_diag_msg *m = NLMSG_DATA(head);
	struct unix_diag *s = ARENA_NEW(a, struct unix_diag);
	int len = (int)head->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*m));

	if (len < 0)
		return;
	s->ino = m->udiag_ino;
	s->type = m->udiag_type;
	s->state = m->udiag_state;
	for (const struct rtattr *attr = (const void *)(m + 1); RTA_OK(attr, len);
	     attr = RTA_NEXT(attr, len))
		read_attribute(a, s, attr);
	t->list = arena_grow(a, t->list, t->nr, sizeof(*t->list));
	t->list[t->nr++] = s;
	lookup_add(&t->by_ino, &s->node, lookup_hash_u64(0, s->ino));
}

static struct err *refused(const struct sk_diag_query *q, const struct nlmsghdr *head)
{
	const struct nlmsgerr *e = NLMSG_DATA(head);
	int errnum = head->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) ? EPROTO : -e->error;

	if (errnum == ENOENT)
		return err_hint(err_new(ERR_KERNEL,
					"cannot ask the kernel for its %s: it has no %s", q->what,
					q->module),
				"load the module %s, or use a kernel that has it", q->module);
	return err_sys(errnum, "cannot ask the kernel for its %s", q->what);
}

/* The next message; the last one's padding may be missing, which NLMSG_NEXT() takes for granted. */
static const struct nlmsghdr *next_message(const struct nlmsghdr *head, size_t *left)
{
	size_t len = MIN(NLMSG_ALIGN(head->nlmsg_len), *left);

	*left -= len;
	return (const void *)((const char *)head + len);
}

/* One answer; *done when it holds the last message. */
static struct err *take_reply(struct arena *a, const struct sk_diag_query *q, const void *buf,
			      size_t len, bool *done)
{
	for (const struct nlmsghdr *head = buf; NLMSG_OK(head, len);
	     head = next_message(head, &len)) {
		if (head->nlmsg_type == NLMSG_ERROR)
			return refused(q, head);
		*done = *done || head->nlmsg_type == NLMSG_DONE;
		if (head->nlmsg_type == SOCK_DIAG_BY_FAMILY)
			q->take(a, q->arg, head);
	}
	return NULL;
}

struct err *sk_diag_ask(struct arena *a, const struct sk_diag_query *q)
{
	AUTO_FD fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	AUTO_FREE char *buf = malloc(REPLY_LEN);
	bool done = false;

	if (fd < 0 || !buf)
		return err_sys(errno, "cannot make a netlink socket");
	if (send(fd, q->request, q->len, 0) != (ssize_t)q->len)
		return err_sys(errno, "cannot ask the kernel for its %s", q->what);
	while (!done) {
		ssize_t n = recv(fd, buf, REPLY_LEN, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(n ? errno : EPROTO, "cannot read the list of %s", q->what);
		TRY(take_reply(a, q, buf, (size_t)n, &done));
	}
	return NULL;
}

static struct sk_diag_query unix_query(struct unix_diags *t)
{
	return (struct sk_diag_query){
		.what = "unix sockets", .module = "unix_diag", .take = add_one, .arg = t
	};
}

struct err *unix_diags_parse(struct arena *a, const void *buf, size_t len, struct unix_diags *t,
			     bool *done)
{
	struct sk_diag_query q = unix_query(t);

	return take_reply(a, &q, buf, len, done);
}

struct err *sk_diag_unix(struct arena *a, struct unix_diags *out)
{
	struct {
		struct nlmsghdr head;
		struct unix_diag_req req;
	} msg = {
		.head = { .nlmsg_len = sizeof(msg),
			  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.req = { .sdiag_family = AF_UNIX,
			 .udiag_states = ~0u,
			 .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS |
				       UDIAG_SHOW_RQLEN },
	};
	struct sk_diag_query q = unix_query(out);

	q.request = &msg;
	q.len = sizeof(msg);
	*out = (struct unix_diags){ .by_ino = { .arena = a } };
	return sk_diag_ask(a, &q);
}

const struct unix_diag *unix_diag_find(const struct unix_diags *t, uint32_t ino)
{
	struct lookup_node *n = lookup_first(&t->by_ino, lookup_hash_u64(0, ino));

	for (; n; n = lookup_next(n)) {
		const struct unix_diag *s = CONTAINER_OF(n, struct unix_diag, node);

		if (s->ino == ino)
			return s;
	}
	return NULL;
}

/* --- for messages --- */

static bool has_socket(const char *pid, const char *text)
{
	AUTO_DIR DIR *dir = NULL;
	char path[64], link[64];

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);

		if (n < 0)
			continue;
		link[n] = 0;
		if (!strcmp(link, text))
			return true;
	}
	return false;
}

static const char *with_comm(struct arena *a, const char *pid)
{
	AUTO_FREE char *comm = NULL;
	struct err *e = file_slurp_at(AT_FDCWD, &comm, NULL, "/proc/%s/comm", pid);

	if (e) {
		err_drop(e, "the process has ended");
		return arena_strdup(a, pid);
	}
	comm[strcspn(comm, "\n")] = 0;
	return arena_printf(a, "%s (%s)", pid, comm);
}

const char *sk_owner_text(struct arena *a, uint32_t ino)
{
	AUTO_DIR DIR *dir = opendir("/proc");
	char text[32];

	snprintf(text, sizeof(text), "socket:[%u]", ino);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (isdigit((unsigned char)e->d_name[0]) && has_socket(e->d_name, text))
			return with_comm(a, e->d_name);
	return NULL;
}
