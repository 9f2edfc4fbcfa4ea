/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Giving up privileges, in an order in which each step still has what it needs:
 *  1. securebits that keep the kernel from changing capability sets when ids change;
 *  2. groups, gids, uids;
 *  3. the inheritable set, while the bounding set is full (it may hold what the bounding set
 *     lacks);
 *  4. the bounding set;
 *  5. permitted and inheritable widest, ambient capabilities, then the final securebits
 *     (CAP_SETPCAP);
 *  6. the final sets.
 */
#include <errno.h>
#include <sys/prctl.h>

#include "pie/rst_priv.h"

enum {
	CAP_VERSION_3 = 0x20080522,
	BIT_NO_SETUID_FIXUP = 1 << 2,
	BIT_KEEP_CAPS = 1 << 4,
	SECCOMP_SET_MODE_FILTER_NR = 1,
	FLAG_TSYNC = 1,
	MODE_STRICT = 1,
};

struct cap_header {
	uint32_t version;
	int32_t pid;
};

struct cap_data {
	uint32_t eff, prm, inh;
};

static long caps_get(struct cap_data data[2])
{
	struct cap_header header = { .version = CAP_VERSION_3 };

	return sys_call2(SYS_capget, (long)&header, (long)data);
}

static long caps_set(uint64_t eff, uint64_t prm, uint64_t inh)
{
	struct cap_header header = { .version = CAP_VERSION_3 };
	struct cap_data data[2] = {
		{ (uint32_t)eff, (uint32_t)prm, (uint32_t)inh },
		{ (uint32_t)(eff >> 32), (uint32_t)(prm >> 32), (uint32_t)(inh >> 32) },
	};

	return sys_call2(SYS_capset, (long)&header, (long)data);
}

static long secure_set(uint32_t bits)
{
	return sys_call5(SYS_prctl, PR_SET_SECUREBITS, bits, 0, 0, 0);
}

static void set_ids(const struct rst_args *a, const struct rst_creds *c, int32_t tid)
{
	rst_must(a, sys_call2(SYS_setgroups, c->nr_groups, (long)rst_at(a, c->groups_off)),
		 RST_AT_GROUPS, tid);
	rst_must(a, sys_call3(SYS_setresgid, c->gid, c->egid, c->sgid), RST_AT_GID, tid);
	rst_must(a, sys_call3(SYS_setresuid, c->uid, c->euid, c->suid), RST_AT_UID, tid);
	/* These return the old value; a second call tells whether the first did it. */
	if (c->fsgid != c->egid) {
		sys_call1(SYS_setfsgid, c->fsgid);
		if ((uint32_t)sys_call1(SYS_setfsgid, c->fsgid) != c->fsgid)
			rst_fail(a, RST_AT_GID, EPERM, tid);
	}
	if (c->fsuid != c->euid) {
		sys_call1(SYS_setfsuid, c->fsuid);
		if ((uint32_t)sys_call1(SYS_setfsuid, c->fsuid) != c->fsuid)
			rst_fail(a, RST_AT_UID, EPERM, tid);
	}
}

static void drop_bounding(const struct rst_args *a, uint64_t keep, uint32_t last)
{
	for (uint32_t cap = 0; cap <= last; cap++)
		if (!(keep >> cap & 1) && sys_call5(SYS_prctl, PR_CAPBSET_READ, cap, 0, 0, 0) > 0)
			rst_must(a, sys_call5(SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0),
				 RST_AT_BOUND, cap);
}

static void set_ambient(const struct rst_args *a, uint64_t caps)
{
	sys_call5(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (uint32_t cap = 0; cap < 64; cap++)
		if (caps >> cap & 1)
			rst_must(a,
				 sys_call5(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0,
					   0),
				 RST_AT_AMBIENT, cap);
}

static void set_caps(const struct rst_args *a, const struct rst_creds *c, int32_t tid)
{
	struct cap_data now[2];
	uint64_t eff, prm;

	rst_must(a, caps_get(now), RST_AT_CAPS, tid);
	eff = now[0].eff | (uint64_t)now[1].eff << 32;
	prm = now[0].prm | (uint64_t)now[1].prm << 32;
	rst_must(a, caps_set(eff, prm, c->cap_inh), RST_AT_CAPS, tid);
	drop_bounding(a, c->cap_bnd, c->last_cap);
	set_ambient(a, c->cap_amb);
	rst_must(a, secure_set(c->securebits), RST_AT_SECUREBITS, tid);
	rst_must(a, caps_set(c->cap_eff, c->cap_prm, c->cap_inh), RST_AT_CAPS, tid);
}

void rst_creds_apply(const struct rst_args *a, const struct rst_thread *t)
{
	if (t->creds_off) {
		const struct rst_creds *c = rst_at(a, t->creds_off);

		rst_must(a, secure_set(BIT_NO_SETUID_FIXUP | BIT_KEEP_CAPS), RST_AT_SECUREBITS,
			 t->tid);
		set_ids(a, c, t->tid);
		set_caps(a, c, t->tid);
	}
	if (t->no_new_privs)
		rst_must(a, sys_call5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
			 RST_AT_NO_NEW_PRIVS, t->tid);
	/* Changes of ids clear it. */
	if (t->pdeath_sig)
		rst_must(a, sys_call5(SYS_prctl, PR_SET_PDEATHSIG, t->pdeath_sig, 0, 0, 0),
			 RST_AT_PDEATHSIG, t->pdeath_sig);
}

/* struct sock_fprog */
struct program {
	uint16_t len;
	uint64_t filter;
};

static void install(const struct rst_args *a, const struct rst_filter *f, uint32_t flags,
		    uint32_t index)
{
	struct program prog = { .len = f->nr, .filter = a->area_start + f->off };

	rst_must(a,
		 sys_call3(SYS_seccomp, SECCOMP_SET_MODE_FILTER_NR, f->flags | flags, (long)&prog),
		 RST_AT_SECCOMP, index);
}

void rst_seccomp_apply(const struct rst_args *a, const struct rst_thread *t, bool is_leader)
{
	const struct rst_filter *list = rst_at(a, t->filters_off);

	if (t->seccomp == RST_SECCOMP_STRICT)
		rst_must(a, sys_call5(SYS_prctl, PR_SET_SECCOMP, MODE_STRICT, 0, 0, 0),
			 RST_AT_SECCOMP, 0);
	if (t->seccomp != RST_SECCOMP_FILTER || (a->seccomp_tsync && !is_leader))
		return;
	for (uint32_t i = 0; i < t->nr_filters; i++)
		install(a, &list[i], a->seccomp_tsync ? FLAG_TSYNC : 0, i);
}
