// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restore of unix sockets, before anything is made: reads and checks records and queues, finds partners and what must
 * be made together.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "files/sk_diag.h"
#include "files/sk_opts.h"
#include "files/sk_restore.h"
#include "image/dir.h"

/* sun_path has 108 bytes, and the kernel adds a NUL to a path that fills them. */
enum { NAME_MAX_LEN = 109, MAX_RIGHTS = 253 };

static struct unix_restore *get(struct restore *r)
{
	struct restore_files *rf = r->files->restore;

	if (!rf->unix_sks) {
		rf->unix_sks = ARENA_NEW(r->arena, struct unix_restore);
		rf->unix_sks->by_ino.arena = rf->unix_sks->by_addr.arena = r->arena;
	}
	return rf->unix_sks;
}

static struct unix_sock *by_ino(const struct unix_restore *ur, uint32_t ino)
{
	struct lookup_node *n = lookup_first(&ur->by_ino, lookup_hash_u64(0, ino));

	for (; n; n = lookup_next(n)) {
		struct unix_sock *s = CONTAINER_OF(n, struct unix_sock, by_ino);

		if (s->rec->ino == ino)
			return s;
	}
	return NULL;
}

static uint64_t addr_hash(const uint8_t *addr, size_t len)
{
	uint64_t hash = len;

	for (size_t i = 0; i < len; i++)
		hash = lookup_hash_u64(hash, addr[i]);
	return hash;
}

/* --- records --- */

static struct err *check_record(const struct restore *r, const struct file *f)
{
	const UnixSkEntry *rec = f->rec->usk;
	bool is_path = rec->name.len && rec->name.data[0];

	if (rec->type != SOCK_STREAM && rec->type != SOCK_DGRAM && rec->type != SOCK_SEQPACKET)
		return err_new(ERR_IMAGE, "files.img: unix socket %u has type %u", f->id,
			       rec->type);
	if (rec->name.len > NAME_MAX_LEN)
		return err_new(ERR_IMAGE, "files.img: unix socket %u has a name of %zu bytes",
			       f->id, rec->name.len);
	if (is_path &&
	    memchr(rec->name.data, 0, rec->name.len) != rec->name.data + rec->name.len - 1)
		return err_new(ERR_IMAGE,
			       "files.img: unix socket %u is bound to a path that does "
			       "not end with its only NUL",
			       f->id);
	if (rec->path && rec->path[0] != '/')
		return err_new(ERR_IMAGE, "files.img: unix socket %u has a relative path", f->id);
	if (by_ino(r->files->restore->unix_sks, rec->ino))
		return err_new(ERR_IMAGE, "files.img: unix socket with inode %u is there twice",
			       rec->ino);
	return err_context(sk_opts_check(rec->opts), "files.img: unix socket %u", f->id);
}

static int find_inherited(struct restore *r, uint32_t ino)
{
	char key[32];

	snprintf(key, sizeof(key), "socket:[%u]", ino);
	return inherited_find(r, key);
}

struct err *unix_link(struct restore *r, struct file *f)
{
	struct unix_restore *ur = get(r);
	struct unix_sock *s = ARENA_NEW(r->arena, struct unix_sock);

	TRY(check_record(r, f));
	s->file = f;
	s->rec = f->rec->usk;
	s->joined = s;
	s->fd = s->gone = -1;
	f->inherited = find_inherited(r, s->rec->ino);
	ur->list = arena_grow(r->arena, ur->list, ur->nr, sizeof(*ur->list));
	ur->list[ur->nr++] = s;
	lookup_add(&ur->by_ino, &s->by_ino, lookup_hash_u64(0, s->rec->ino));
	if (s->rec->name.len)
		lookup_add(&ur->by_addr, &s->by_addr,
			   addr_hash(s->rec->name.data, s->rec->name.len));
	return NULL;
}

/* --- queues --- */

static struct err *read_rights(struct restore *r, const struct image_stream *s,
			       struct unix_packet *p)
{
	const ScmEntry *scm = p->rec->n_scm ? p->rec->scm[0] : NULL;

	if (!scm)
		return NULL;
	if (p->rec->n_scm > 1 || scm->type != SCM_RIGHTS || scm->n_rights > MAX_RIGHTS)
		return image_stream_err(s, "a message carries what no message can");
	p->rights = arena_array(r->arena, scm->n_rights, sizeof(*p->rights));
	p->nr_rights = scm->n_rights;
	for (size_t i = 0; i < scm->n_rights; i++) {
		p->rights[i] = file_by_id(r->files, scm->rights[i]);
		if (!p->rights[i])
			return image_stream_err(s,
						"a message carries file %u, which does not exist",
						scm->rights[i]);
	}
	return NULL;
}

/* Whoever has the socket has what is in its queue; sockets in queues have queues again. */
static void spread_users(const struct unix_restore *ur)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < ur->nr_packets; i++) {
			const struct unix_packet *p = ur->packets[i];

			for (size_t k = 0; k < p->nr_rights; k++) {
				if (p->rights[k]->user || !p->to_file->user)
					continue;
				p->rights[k]->user = p->to_file->user;
				p->rights[k]->user_fd = p->to_file->user_fd;
				changed = true;
			}
		}
	}
}

struct err *unix_queues_read(struct restore *r)
{
	struct restore_files *rf = r->files->restore;
	struct unix_restore *ur = get(r);
	ProtobufCMessage *msg;

	TRY(image_open(r->images, IMAGE_SK_QUEUES, 0, &rf->streams[STREAM_SK_QUEUES]));
	for (;;) {
		struct image_stream *s = rf->streams[STREAM_SK_QUEUES];
		struct unix_packet *p;

		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			break;
		p = ARENA_NEW(r->arena, struct unix_packet);
		p->rec = (SkPacketEntry *)msg;
		TRY(image_payload(s, p->rec->length, &p->bytes));
		p->to_file = file_by_id(r->files, p->rec->id_for);
		if (!p->to_file || p->to_file->rec->type != FD_TYPES__UNIXSK)
			return image_stream_err(s,
						"a message is for file %u, which is no unix socket",
						p->rec->id_for);
		TRY(read_rights(r, s, p));
		ur->packets = arena_grow(r->arena, ur->packets, ur->nr_packets,
					 sizeof(*ur->packets));
		ur->packets[ur->nr_packets++] = p;
	}
	spread_users(ur);
	return NULL;
}

/* --- roles --- */

static bool is_made(const struct unix_sock *s)
{
	return s->role != UNIX_EXTERNAL && s->file->inherited < 0;
}

static struct err *odd_peer(const struct unix_sock *s)
{
	return err_new(ERR_IMAGE, "files.img: unix socket %u cannot be connected to inode %u",
		       s->file->id, s->rec->peer);
}

static struct err *peer_role(struct restore *r, struct unix_sock *s)
{
	const struct unix_sock *p = s->peer;

	if (!p)
		return odd_peer(s);
	if (p->role == UNIX_EXTERNAL) {
		s->role = UNIX_OUTSIDE;
		s->file->inherited = find_inherited(r, p->rec->ino);
		if (p->rec->name.len || s->file->inherited >= 0)
			return NULL;
		return err_hint(err_new(ERR_USAGE,
					"cannot restore %s: its peer is outside of the set and has "
					"no name",
					file_user(r, s->file)),
				"pass --inherit-fd fd[N]:socket:[%u]", s->rec->ino);
	}
	if (p->file->inherited >= 0)
		return err_hint(err_new(ERR_USAGE,
					"cannot restore %s: --inherit-fd replaces its peer",
					file_user(r, s->file)),
				"pass --inherit-fd fd[N]:socket:[%u] too", s->rec->ino);
	if (p->rec->type != s->rec->type)
		return odd_peer(s);
	if (p->peer == s && p != s)
		s->role = UNIX_PAIR;
	else if (s->rec->type == SOCK_DGRAM)
		s->role = UNIX_CONNECT;
	else if (p->role == UNIX_LISTEN)
		s->role = UNIX_PENDING;
	else
		return odd_peer(s);
	if (s->role == UNIX_CONNECT && !p->rec->name.len)
		return odd_peer(s);
	return NULL;
}

/* CRIU says nothing of datagram sockets, but one without a name was connected by nobody else. */
static bool is_peer_gone(const UnixSkEntry *rec)
{
	if (rec->type == SOCK_DGRAM && rec->name.len)
		return rec->peer_gone;
	return rec->peer_gone || rec->state == SK_STATE_ESTABLISHED;
}

static struct err *choose_role(struct restore *r, struct unix_sock *s)
{
	if (!is_made(s) || s->role == UNIX_LISTEN)
		return NULL;
	if (s->rec->peer)
		return peer_role(r, s);
	s->role = is_peer_gone(s->rec) ? UNIX_GONE : UNIX_ALONE;
	return NULL;
}

/* What does not depend on others comes first. */
static void find_partners(const struct unix_restore *ur)
{
	for (size_t i = 0; i < ur->nr; i++) {
		struct unix_sock *s = ur->list[i];

		if (s->rec->uflags & UNIX_SK_EXTERNAL)
			s->role = UNIX_EXTERNAL;
		else if (s->rec->state == SK_STATE_LISTEN && s->rec->type != SOCK_DGRAM)
			s->role = UNIX_LISTEN;
		if (s->rec->peer)
			s->peer = by_ino(ur, s->rec->peer);
	}
}

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
	struct unix_restore *ur = get(r);
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
	n = lookup_first(&ur->by_addr, addr_hash(s->rec->name.data, s->rec->name.len));
	for (; n; n = lookup_next(n)) {
		struct unix_sock *l = CONTAINER_OF(n, struct unix_sock, by_addr);

		if (l->role == UNIX_LISTEN && is_made(l) && same_address(l->rec, s->rec))
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
	const struct unix_restore *ur = get(r);
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
		return set_via(r, s, listener_of(get(r), s));
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

/* --- queues, again --- */

static struct err *find_sender(struct restore *r, struct unix_packet *p)
{
	const struct unix_restore *ur = get(r);
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
	if (sender->len > NAME_MAX_LEN ||
	    (sender->data[0] &&
	     memchr(sender->data, 0, sender->len) != sender->data + sender->len - 1))
		return err_new(ERR_IMAGE, "sk-queues.img: a message has an impossible sender");
	n = lookup_first(&ur->by_addr, addr_hash(sender->data, sender->len));
	for (; n; n = lookup_next(n)) {
		struct unix_sock *s = CONTAINER_OF(n, struct unix_sock, by_addr);

		if (s->rec->type == SOCK_DGRAM && is_made(s) && s->rec->name.len == sender->len &&
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

static struct unix_sock *sock_of(const struct unix_restore *ur, const struct file *f)
{
	return f->rec->type == FD_TYPES__UNIXSK ? by_ino(ur, f->rec->usk->ino) : NULL;
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

static struct err *plan_packet(struct restore *r, struct unix_packet *p)
{
	struct unix_restore *ur = get(r);

	p->to = sock_of(ur, p->to_file);
	if (!p->to || !is_made(p->to))
		return NULL;
	TRY(check_receiver(p));
	if (p->to->role == UNIX_OUTSIDE && p->to->rec->type != SOCK_DGRAM)
		return NULL; /* what the one outside had sent is not its new connection's */
	TRY(find_sender(r, p));
	p->to->queue = arena_grow(r->arena, p->to->queue, p->to->nr_queue, sizeof(*p->to->queue));
	p->to->queue[p->to->nr_queue++] = p;
	return NULL;
}

/* --- groups --- */

static struct unix_sock *stand_in(struct unix_sock *s)
{
	while (s->joined != s)
		s = s->joined = s->joined->joined;
	return s;
}

static void join(struct unix_sock *a, struct unix_sock *b)
{
	if (b && is_made(a) && is_made(b))
		stand_in(b)->joined = stand_in(a);
}

static void join_all(const struct unix_restore *ur)
{
	for (size_t i = 0; i < ur->nr; i++) {
		join(ur->list[i], ur->list[i]->peer);
		join(ur->list[i], ur->list[i]->listener);
	}
	for (size_t i = 0; i < ur->nr_packets; i++) {
		const struct unix_packet *p = ur->packets[i];

		if (!p->to)
			continue;
		join(p->to, p->from);
		for (size_t k = 0; k < p->nr_rights; k++)
			join(p->to, sock_of(ur, p->rights[k]));
	}
}

static struct unix_group *group_of(struct restore *r, struct unix_restore *ur, struct unix_sock *s)
{
	struct unix_sock *first = stand_in(s);

	if (first->group)
		return first->group;
	first->group = ARENA_NEW(r->arena, struct unix_group);
	ur->groups = arena_grow(r->arena, ur->groups, ur->nr_groups, sizeof(*ur->groups));
	ur->groups[ur->nr_groups++] = first->group;
	return first->group;
}

/* SO_PEERCRED is right when the same process makes it again; of a listener that is who called listen(2). */
static void want_maker(const struct restore *r, struct unix_group *g, const struct unix_sock *s)
{
	const struct task *t;

	if (!s->rec->peer_pid || (g->base.wanted && s->role != UNIX_LISTEN))
		return;
	t = tree_find(&r->tree, (pid_t)s->rec->peer_pid);
	if (t && t->state != TASK_DEAD && t->fdt)
		g->base.wanted = t->fdt;
}

static void make_groups(struct restore *r, struct unix_restore *ur)
{
	for (size_t i = 0; i < ur->nr; i++) {
		struct unix_sock *s = ur->list[i];
		struct unix_group *g;

		if (!is_made(s))
			continue;
		g = group_of(r, ur, s);
		s->group = g;
		g->socks = arena_grow(r->arena, g->socks, g->nr_socks, sizeof(*g->socks));
		g->socks[g->nr_socks++] = s;
		file_group_add(r, &g->base, s->file);
		want_maker(r, g, s);
		for (size_t k = 0; k < s->nr_queue; k++)
			g->is_late = g->is_late || s->queue[k]->nr_rights ||
				     s->queue[k]->rec->has_sender_pid;
		ur->has_late = ur->has_late || g->is_late;
	}
}

struct err *unix_plan(struct restore *r)
{
	struct unix_restore *ur = get(r);

	find_partners(ur);
	for (size_t i = 0; i < ur->nr; i++)
		TRY(choose_role(r, ur->list[i]));
	for (size_t i = 0; i < ur->nr; i++)
		if (is_made(ur->list[i]))
			TRY(ur->list[i]->rec->type == SOCK_DGRAM ? name_dgram(r, ur->list[i]) :
								   name_stream(r, ur->list[i]));
	for (size_t i = 0; i < ur->nr_packets; i++)
		TRY(plan_packet(r, ur->packets[i]));
	join_all(ur);
	make_groups(r, ur);
	if (ur->nr)
		log_info("files", 0,
			 "unix sockets planned: sockets=%zu groups=%zu names=%zu "
			 "messages=%zu",
			 ur->nr, ur->nr_groups, ur->nr_names, ur->nr_packets);
	return NULL;
}

void unix_plan_owners(struct restore *r)
{
	struct restore_files *rf = r->files->restore;
	const struct unix_restore *ur = get(r);

	for (size_t i = 0; i < ur->nr_packets; i++) {
		const struct unix_packet *p = ur->packets[i];

		for (size_t k = 0; p->to && p->to->file->owner && k < p->nr_rights; k++)
			file_set_owner(p->rights[k], p->to->file->owner);
	}
	/* They are taken from their owners, and are lent until then. */
	if (ur->has_late)
		rf->has_pulls = rf->has_lent = true;
}

/* The coordinator keeps what is bound; a worker what it lends, and the group that it is making. */
size_t unix_nr_fds(const struct restore *r)
{
	const struct unix_restore *ur = r->files->restore->unix_sks;
	size_t nr_lent = 0, nr_bound = 0, nr_group = 0;

	for (size_t i = 0; i < ur->nr; i++)
		nr_lent += ur->list[i]->file->owner && ur->list[i]->file->owner_fd < 0;
	for (size_t i = 0; i < ur->nr_names; i++)
		nr_bound += ur->names[i]->is_pair ? 2 : 1;
	for (size_t i = 0; i < ur->nr_groups; i++) {
		const struct unix_group *g = ur->groups[i];
		size_t nr = g->nr_socks;

		for (size_t k = 0; k < g->nr_socks; k++)
			nr += g->socks[k]->role == UNIX_GONE;
		nr_group = MAX(nr_group, nr);
	}
	return MAX(nr_bound, nr_lent + nr_group);
}
