/* SPDX-License-Identifier: GPL-2.0-only */
/* User and group ids, capability sets, securebits, no_new_privs: each thread has its own. */
#include <string.h>
#include <sys/prctl.h>

#include "task/part.h"
#include "task/restore_parts.h"

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

/* ---- restore ---- */

enum { LAST_SIGNAL = 64, GROUPS_MAX = 65536, CAP_WORDS = 2 };

static bool creds_caps_fit(size_t nr)
{
	return nr == 0 || nr == CAP_WORDS;
}

static struct err *creds_check_thread(const struct restore *r UNUSED, const struct thread *th)
{
	const CredsEntry *c = th->core->thread_core->creds;

	if (!creds_caps_fit(c->n_cap_inh) || !creds_caps_fit(c->n_cap_prm) ||
	    !creds_caps_fit(c->n_cap_eff) || !creds_caps_fit(c->n_cap_bnd) ||
	    !creds_caps_fit(c->n_cap_amb))
		return err_new(ERR_IMAGE, "core-%d.img: a capability set is not two words",
			       th->ns_tid);
	if (c->n_groups > GROUPS_MAX)
		return err_new(ERR_IMAGE, "core-%d.img: %zu groups", th->ns_tid, c->n_groups);
	if (c->lsm_profile && *c->lsm_profile)
		return err_hint(err_new(ERR_UNSUPPORTED,
					"thread %d was confined by the security profile \"%s\": "
					"not supported yet",
					th->ns_tid, c->lsm_profile),
				"dump a program that runs unconfined");
	if (th->core->thread_core->has_pdeath_sig &&
	    th->core->thread_core->pdeath_sig > LAST_SIGNAL)
		return err_new(ERR_IMAGE, "core-%d.img: parent-death signal %u", th->ns_tid,
			       th->core->thread_core->pdeath_sig);
	return NULL;
}

static uint64_t creds_caps(const uint32_t *words, size_t nr)
{
	return nr == CAP_WORDS ? words[0] | (uint64_t)words[1] << 32 : 0;
}

static uint32_t creds_last_cap(void)
{
	uint32_t cap = 0;

	while (cap < 63 && prctl(PR_CAPBSET_READ, cap + 1) >= 0)
		cap++;
	return cap;
}

static uint64_t creds_put(struct rst_build *b, const CredsEntry *c)
{
	uint32_t last = creds_last_cap();
	/* Capabilities this kernel does not know are dropped: they mean nothing here. */
	uint64_t known = last == 63 ? UINT64_MAX : (1ull << (last + 1)) - 1;
	struct rst_creds out = {
		.uid = c->uid,
		.euid = c->euid,
		.suid = c->suid,
		.fsuid = c->fsuid,
		.gid = c->gid,
		.egid = c->egid,
		.sgid = c->sgid,
		.fsgid = c->fsgid,
		.cap_inh = creds_caps(c->cap_inh, c->n_cap_inh) & known,
		.cap_prm = creds_caps(c->cap_prm, c->n_cap_prm) & known,
		.cap_eff = creds_caps(c->cap_eff, c->n_cap_eff) & known,
		.cap_bnd = c->n_cap_bnd ? creds_caps(c->cap_bnd, c->n_cap_bnd) & known : known,
		.cap_amb = creds_caps(c->cap_amb, c->n_cap_amb) & known,
		.securebits = c->secbits,
		.last_cap = last,
		.nr_groups = c->n_groups,
	};

	if (c->n_groups)
		out.groups_off = rst_put(b, c->groups, c->n_groups * sizeof(uint32_t));
	return rst_put(b, &out, sizeof(out));
}

static bool creds_same_words(const uint32_t *a, size_t na, const uint32_t *b, size_t nb)
{
	return na == nb && (!na || !memcmp(a, b, na * sizeof(*a)));
}

static bool creds_equal(const CredsEntry *a, const CredsEntry *b)
{
	return a->uid == b->uid && a->gid == b->gid && a->euid == b->euid && a->egid == b->egid &&
	       a->suid == b->suid && a->sgid == b->sgid && a->fsuid == b->fsuid &&
	       a->fsgid == b->fsgid && a->secbits == b->secbits &&
	       creds_same_words(a->cap_inh, a->n_cap_inh, b->cap_inh, b->n_cap_inh) &&
	       creds_same_words(a->cap_prm, a->n_cap_prm, b->cap_prm, b->n_cap_prm) &&
	       creds_same_words(a->cap_eff, a->n_cap_eff, b->cap_eff, b->n_cap_eff) &&
	       creds_same_words(a->cap_bnd, a->n_cap_bnd, b->cap_bnd, b->n_cap_bnd) &&
	       creds_same_words(a->cap_amb, a->n_cap_amb, b->cap_amb, b->n_cap_amb) &&
	       creds_same_words(a->groups, a->n_groups, b->groups, b->n_groups);
}

static struct err *creds_fill_thread(struct worker *w, struct rst_build *b, const struct thread *th,
				     struct rst_thread *out)
{
	const struct thread *leader = &w->task->threads[0];
	const ThreadCoreEntry *tc = th->core->thread_core;

	/* The leader comes first; nearly always all threads have what it has. */
	if (th != leader && creds_equal(tc->creds, leader->core->thread_core->creds))
		out->creds_off =
			((struct rst_thread *)rst_at(b, rst_args(b)->threads_off))->creds_off;
	else
		out->creds_off = creds_put(b, tc->creds);
	out->no_new_privs = tc->creds->has_no_new_privs && tc->creds->no_new_privs;
	out->pdeath_sig = tc->has_pdeath_sig ? tc->pdeath_sig : 0;
	return NULL;
}

const struct restore_part restore_part_creds = {
	.name = "creds",
	.check_thread = creds_check_thread,
	.fill_thread = creds_fill_thread,
};
