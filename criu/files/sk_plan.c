// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restore of unix sockets, the plan: partners, what must be made together, and who makes it.
 */
#include <sys/socket.h>

#include "base/log.h"
#include "files/sk_diag.h"
#include "files/sk_restore.h"

/* --- roles --- */

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
		s->file->inherited = unix_find_inherited(r, p->rec->ino);
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
	if (!unix_is_made(s) || s->role == UNIX_LISTEN)
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
			s->peer = unix_by_ino(ur, s->rec->peer);
	}
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
	if (b && unix_is_made(a) && unix_is_made(b))
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
			join(p->to, unix_sock_of(ur, p->rights[k]));
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

		if (!unix_is_made(s))
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
	struct unix_restore *ur = unix_restore_get(r);

	find_partners(ur);
	for (size_t i = 0; i < ur->nr; i++)
		TRY(choose_role(r, ur->list[i]));
	for (size_t i = 0; i < ur->nr; i++)
		if (unix_is_made(ur->list[i]))
			TRY(unix_plan_name(r, ur->list[i]));
	for (size_t i = 0; i < ur->nr_packets; i++)
		TRY(unix_plan_packet(r, ur->packets[i]));
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
	const struct unix_restore *ur = unix_restore_get(r);

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
