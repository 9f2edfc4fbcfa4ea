// SPDX-License-Identifier: GPL-2.0-only
/* Restore of unix sockets, the plan: which socket is bound to which address, and who has sent what is in queues. */
#include <string.h>
#include <sys/socket.h>

#include "files/sk_restore.h"

/* --- addresses --- */

static struct err *path_of(struct restore *r, const UnixSkEntry *rec, const char **out)
{
	const char *name = (const char *)rec->name.data;

	*out = NULL;
	if (rec->path)
		*out = rec->path;
	else if (rec->name.len && name[0] == '/')
		*out = name;
	else if (rec->name.len && name[0] && rec->name_dir && rec->name_dir[0] == '/')
		*out = arena_printf(r->arena, "%s/%s", rec->name_dir, name);
	else if (rec->name.len && name[0])
		return err_new(ERR_IMAGE,
			       "files.img: unix socket %u is bound to a relative path of no folder",
			       rec->id);
	return NULL;
}

static struct err *add_name(struct restore *r, const UnixSkEntry *rec, const uint8_t *addr,
			    size_t len, struct unix_name **out)
{
	struct unix_restore *ur = unix_restore_get(r);
	struct unix_name *n = ARENA_NEW(r->arena, struct unix_name);

	n->rec = rec;
	n->addr = addr;
	n->len = len;
	n->type = rec ? (int)rec->type : SOCK_DGRAM;
	n->fd = n->other = -1;
	n->is_deleted = !rec || rec->deleted;
	if (rec)
		TRY(path_of(r, rec, &n->path));
	else if (addr[0])
		n->path = addr[0] == '/' ? (const char *)addr : "/";
	ur->names = arena_grow(r->arena, ur->names, ur->nr_names, sizeof(*ur->names));
	ur->names[ur->nr_names++] = n;
	*out = n;
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_address(const UnixSkEntry *a, const UnixSkEntry *b)
{
	return a->type == b->type && a->name.len == b->name.len &&
	       !memcmp(a->name.data, b->name.data, a->name.len) && a->deleted == b->deleted &&
	       same_text(a->path, b->path) && same_text(a->name_dir, b->name_dir);
}

/* The listener that @s was accepted from; without one, another socket of its name. */
static struct unix_sock *listener_of(const struct unix_restore *ur, const struct unix_sock *s)
{
	struct lookup_node *n;

	if (!s->rec->name.len)
		return NULL;
	n = lookup_first(&ur->by_addr, unix_addr_hash(s->rec->name.data, s->rec->name.len));
	for (; n; n = lookup_next(n)) {
		struct unix_sock *l = CONTAINER_OF(n, struct unix_sock, by_addr);

		if (l->role == UNIX_LISTEN && unix_is_made(l) && same_address(l->rec, s->rec))
			return l;
	}
	return NULL;
}

static struct err *name_self(struct restore *r, struct unix_sock *s)
{
	if (!s->rec->name.len || s->name)
		return NULL;
	return add_name(r, s->rec, s->rec->name.data, s->rec->name.len, &s->name);
}

/* @s is the end that accept(2) gave. */
static struct err *set_via(struct restore *r, struct unix_sock *s, struct unix_sock *listener)
{
	s->listener = listener;
	if (listener)
		TRY(name_self(r, listener));
	if (listener)
		s->via = listener->name;
	else
		TRY(add_name(r, s->rec, s->rec->name.data, s->rec->name.len, &s->via));
	return NULL;
}

/* Two that are connected and of which one has a name: that one was accepted. */
static struct err *name_stream_pair(struct restore *r, struct unix_sock *s)
{
	const struct unix_restore *ur = unix_restore_get(r);
	struct unix_sock *p = s->peer, *listener = listener_of(ur, s);

	if (s->via || p->via || (!s->rec->name.len && !p->rec->name.len))
		return NULL;
	if (!listener && (!s->rec->name.len || listener_of(ur, p))) {
		s = p;
		p = s->peer;
		listener = listener_of(ur, s);
	}
	TRY(set_via(r, s, listener));
	return name_self(r, p);
}

static struct err *name_stream(struct restore *r, struct unix_sock *s)
{
	if (s->role == UNIX_PAIR)
		return name_stream_pair(r, s);
	if (s->role == UNIX_GONE && s->rec->name.len)
		return set_via(r, s, listener_of(unix_restore_get(r), s));
	return name_self(r, s);
}

/* Nobody can connect to one without a name: such pairs are made as pairs, and bound then. */
static struct err *name_dgram(struct restore *r, struct unix_sock *s)
{
	TRY(name_self(r, s));
	if (!s->name)
		return NULL;
	if (s->role == UNIX_GONE || (s->role == UNIX_PAIR && !s->peer->rec->name.len))
		s->name->is_pair = true;
	return NULL;
}

struct err *unix_plan_name(struct restore *r, struct unix_sock *s)
{
	return s->rec->type == SOCK_DGRAM ? name_dgram(r, s) : name_stream(r, s);
}

/* --- queues --- */

static struct err *find_sender(struct restore *r, struct unix_packet *p)
{
	const struct unix_restore *ur = unix_restore_get(r);
	const ProtobufCBinaryData *sender = &p->rec->sender;
	struct lookup_node *n;

	if (p->to->rec->type != SOCK_DGRAM) {
		p->from = p->to->role == UNIX_PAIR ? p->to->peer : NULL;
		return NULL;
	}
	if (!p->rec->has_sender || !sender->len) {
		p->from = p->to->role == UNIX_PAIR && !p->to->peer->rec->name.len ? p->to->peer :
										    NULL;
		return NULL;
	}
	if (sender->len > UNIX_NAME_LEN ||
	    (sender->data[0] &&
	     memchr(sender->data, 0, sender->len) != sender->data + sender->len - 1))
		return err_new(ERR_IMAGE, "sk-queues.img: a message has an impossible sender");
	n = lookup_first(&ur->by_addr, unix_addr_hash(sender->data, sender->len));
	for (; n; n = lookup_next(n)) {
		struct unix_sock *s = CONTAINER_OF(n, struct unix_sock, by_addr);

		if (s->rec->type == SOCK_DGRAM && unix_is_made(s) &&
		    s->rec->name.len == sender->len &&
		    !memcmp(s->rec->name.data, sender->data, sender->len)) {
			p->from = s;
			return NULL;
		}
	}
	for (size_t i = 0; i < ur->nr_names; i++)
		if (!ur->names[i]->rec && ur->names[i]->len == sender->len &&
		    !memcmp(ur->names[i]->addr, sender->data, sender->len)) {
			p->from_name = ur->names[i];
			return NULL;
		}
	return add_name(r, NULL, sender->data, sender->len, &p->from_name);
}

struct unix_sock *unix_sock_of(const struct unix_restore *ur, const struct file *f)
{
	return f->rec->type == FD_TYPES__UNIXSK ? unix_by_ino(ur, f->rec->usk->ino) : NULL;
}

static struct err *check_receiver(const struct unix_packet *p)
{
	enum unix_role role = p->to->role;

	if (p->to->rec->type == SOCK_DGRAM ? role != UNIX_EXTERNAL :
					     (role == UNIX_PAIR || role == UNIX_GONE ||
					      p->to->file->inherited >= 0 || role == UNIX_OUTSIDE))
		return NULL;
	return err_new(ERR_IMAGE, "sk-queues.img: unix socket %u cannot have received anything",
		       p->to->file->id);
}

struct err *unix_plan_packet(struct restore *r, struct unix_packet *p)
{
	struct unix_restore *ur = unix_restore_get(r);

	p->to = unix_sock_of(ur, p->to_file);
	if (!p->to || !unix_is_made(p->to))
		return NULL;
	TRY(check_receiver(p));
	if (p->to->role == UNIX_OUTSIDE && p->to->rec->type != SOCK_DGRAM)
		return NULL; /* what the one outside had sent is not its new connection's */
	TRY(find_sender(r, p));
	p->to->queue = arena_grow(r->arena, p->to->queue, p->to->nr_queue, sizeof(*p->to->queue));
	p->to->queue[p->to->nr_queue++] = p;
	return NULL;
}
