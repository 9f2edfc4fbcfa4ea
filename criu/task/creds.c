/* SPDX-License-Identifier: GPL-2.0-only */
/* User and group ids, capability sets, securebits, no_new_privs: each thread has its own. */
#include "task/part.h"

static size_t caps_to_pb(struct arena *a, uint64_t caps, uint32_t **out)
{
	uint32_t words[2] = { (uint32_t)caps, (uint32_t)(caps >> 32) };

	*out = arena_memdup(a, words, sizeof(words));
	return ARRAY_SIZE(words);
}

static struct err *creds_dump_thread(struct dump *d, struct thread *t, const struct thread_view *v)
{
	CredsEntry *e = t->core->thread_core->creds = PB_NEW(d->arena, CredsEntry, creds_entry);
	const struct proc_status *s = v->status;

	e->uid = s->uids[0];
	e->euid = s->uids[1];
	e->suid = s->uids[2];
	e->fsuid = s->uids[3];
	e->gid = s->gids[0];
	e->egid = s->gids[1];
	e->sgid = s->gids[2];
	e->fsgid = s->gids[3];
	e->n_groups = s->nr_groups;
	e->groups = arena_memdup(d->arena, s->groups, s->nr_groups * sizeof(*s->groups));
	e->n_cap_inh = caps_to_pb(d->arena, s->cap_inh, &e->cap_inh);
	e->n_cap_prm = caps_to_pb(d->arena, s->cap_prm, &e->cap_prm);
	e->n_cap_eff = caps_to_pb(d->arena, s->cap_eff, &e->cap_eff);
	e->n_cap_bnd = caps_to_pb(d->arena, s->cap_bnd, &e->cap_bnd);
	e->n_cap_amb = caps_to_pb(d->arena, s->cap_amb, &e->cap_amb);
	e->secbits = v->parasite->securebits;
	if (s->no_new_privs)
		e->has_no_new_privs = e->no_new_privs = true;
	return NULL;
}

const struct task_part task_part_creds = {
	.name = "creds",
	.dump_thread = creds_dump_thread,
};
