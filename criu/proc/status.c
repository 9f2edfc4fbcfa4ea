// SPDX-License-Identifier: GPL-2.0-only
#include "proc/status.h"

#include <string.h>

#include "proc/read_priv.h"
#include "proc/scan.h"

struct status_parse {
	struct arena *arena;
	struct proc_status st;
};

#define FIELD(type, p, offset) (*(type *)((char *)&(p)->st + (offset)))

static bool parse_pid_or_0(struct status_parse *p, struct scan *v, size_t offset)
{
	uint64_t value;

	if (!scan_u64(v, &value) || value > (1u << 30))
		return false;
	FIELD(pid_t, p, offset) = (pid_t)value;
	return true;
}

static bool parse_dec(struct status_parse *p, struct scan *v, size_t offset)
{
	return scan_u64(v, &FIELD(uint64_t, p, offset));
}

static bool parse_hex(struct status_parse *p, struct scan *v, size_t offset)
{
	return scan_hex(v, &FIELD(uint64_t, p, offset));
}

static bool parse_u32(struct status_parse *p, struct scan *v, size_t offset)
{
	uint64_t value;

	if (!scan_u64(v, &value) || value > UINT32_MAX)
		return false;
	FIELD(uint32_t, p, offset) = (uint32_t)value;
	return true;
}

static bool parse_bool(struct status_parse *p, struct scan *v, size_t offset)
{
	uint64_t value;

	if (!scan_u64(v, &value) || value > 1)
		return false;
	FIELD(bool, p, offset) = value;
	return true;
}

static bool parse_state(struct status_parse *p, struct scan *v, size_t offset)
{
	(void)offset;
	if (scan_at_end(v))
		return false;
	p->st.state = *v->pos;
	v->pos = v->end; /* "R (running)" */
	return true;
}

static bool parse_umask(struct status_parse *p, struct scan *v, size_t offset)
{
	uint64_t value;

	(void)offset;
	if (!scan_oct(v, &value) || value > 0777)
		return false;
	p->st.umask = (uint32_t)value;
	p->st.has_umask = true;
	return true;
}

/* Four ids: real, effective, saved, file system. */
static bool parse_ids(struct status_parse *p, struct scan *v, size_t offset)
{
	uint32_t *ids = &FIELD(uint32_t, p, offset);
	uint64_t value;

	for (int i = 0; i < 4; i++) {
		scan_blanks(v);
		if (!scan_u64(v, &value) || value > UINT32_MAX)
			return false;
		ids[i] = (uint32_t)value;
	}
	return true;
}

static bool parse_groups(struct status_parse *p, struct scan *v, size_t offset)
{
	struct proc_status *st = &p->st;
	uint64_t value;

	(void)offset;
	for (scan_blanks(v); !scan_at_end(v); scan_blanks(v)) {
		if (!scan_u64(v, &value) || value > UINT32_MAX)
			return false;
		st->groups = arena_grow(p->arena, st->groups, st->nr_groups, sizeof(*st->groups));
		st->groups[st->nr_groups++] = (uint32_t)value;
	}
	return true;
}

/* Numbers from outer to inner pid namespaces; a group or session from outside reads as 0. */
static bool parse_ns_list(struct status_parse *p, struct scan *v, size_t offset)
{
	pid_t *pids = &FIELD(pid_t, p, offset);
	size_t nr = 0;
	uint64_t value;

	for (scan_blanks(v); !scan_at_end(v); scan_blanks(v)) {
		if (nr == PROC_NSPID_MAX || !scan_u64(v, &value) || value > (1u << 30))
			return false;
		pids[nr++] = (pid_t)value;
	}
	if (offset == offsetof(struct proc_status, ns_pids))
		p->st.nr_ns_pids = nr;
	return true;
}

static bool parse_sigq(struct status_parse *p, struct scan *v, size_t offset)
{
	(void)offset;
	return scan_u64(v, &p->st.nr_queued_signals) && scan_char(v, '/') &&
	       scan_u64(v, &p->st.max_queued_signals);
}

static bool parse_kthread(struct status_parse *p, struct scan *v, size_t offset)
{
	p->st.has_kthread = true;
	return parse_bool(p, v, offset);
}

static bool parse_thp(struct status_parse *p, struct scan *v, size_t offset)
{
	p->st.has_thp_enabled = true;
	return parse_bool(p, v, offset);
}

static bool parse_nr_filters(struct status_parse *p, struct scan *v, size_t offset)
{
	p->st.has_seccomp_filters = true;
	return parse_dec(p, v, offset);
}

static bool parse_vm_size(struct status_parse *p, struct scan *v, size_t offset)
{
	(void)offset;
	p->st.has_mm = true;
	v->pos = v->end;
	return true;
}

static bool parse_kib(struct status_parse *p, struct scan *v, size_t offset)
{
	uint64_t kib;

	scan_blanks(v);
	if (!scan_u64(v, &kib) || kib > UINT64_MAX / 1024)
		return false;
	FIELD(uint64_t, p, offset) = kib * 1024;
	v->pos = v->end; /* " kB" */
	return true;
}

static bool parse_thread_features(struct status_parse *p, struct scan *v, size_t offset)
{
	bool *flag = &FIELD(bool, p, offset);
	struct scan word;

	for (scan_blanks(v); scan_word(v, &word); scan_blanks(v))
		*flag |= scan_is(&word, "shstk");
	return true;
}

#define ROW(key, fn, member)                                                   \
	{                                                                      \
		key, sizeof(key) - 1, fn, offsetof(struct proc_status, member) \
	}

/* clang-format off */
static const struct status_field {
	const char *key;
	size_t key_len;
	bool (*parse)(struct status_parse *p, struct scan *v, size_t offset);
	size_t offset;
} status_fields[] = {
	ROW("Umask:",               parse_umask,           umask),
	ROW("State:",               parse_state,           state),
	ROW("Tgid:",                parse_pid_or_0,        tgid),
	ROW("Pid:",                 parse_pid_or_0,        pid),
	ROW("PPid:",                parse_pid_or_0,        ppid),
	ROW("TracerPid:",           parse_pid_or_0,        tracer_pid),
	ROW("Uid:",                 parse_ids,             uids),
	ROW("Gid:",                 parse_ids,             gids),
	ROW("Groups:",              parse_groups,          groups),
	ROW("NSpid:",               parse_ns_list,         ns_pids),
	ROW("NSpgid:",              parse_ns_list,         ns_pgids),
	ROW("NSsid:",               parse_ns_list,         ns_sids),
	ROW("Kthread:",             parse_kthread,         kthread),
	ROW("VmSize:",              parse_vm_size,         has_mm),
	ROW("VmLck:",               parse_kib,             locked_bytes),
	ROW("CoreDumping:",         parse_bool,            core_dumping),
	ROW("THP_enabled:",         parse_thp,             thp_enabled),
	ROW("Threads:",             parse_dec,             nr_threads),
	ROW("SigQ:",                parse_sigq,            nr_queued_signals),
	ROW("SigPnd:",              parse_hex,             sig_pnd),
	ROW("ShdPnd:",              parse_hex,             shd_pnd),
	ROW("SigBlk:",              parse_hex,             sig_blk),
	ROW("SigIgn:",              parse_hex,             sig_ign),
	ROW("SigCgt:",              parse_hex,             sig_cgt),
	ROW("CapInh:",              parse_hex,             cap_inh),
	ROW("CapPrm:",              parse_hex,             cap_prm),
	ROW("CapEff:",              parse_hex,             cap_eff),
	ROW("CapBnd:",              parse_hex,             cap_bnd),
	ROW("CapAmb:",              parse_hex,             cap_amb),
	ROW("NoNewPrivs:",          parse_bool,            no_new_privs),
	ROW("Seccomp:",             parse_u32,             seccomp_mode),
	ROW("Seccomp_filters:",     parse_nr_filters,      nr_seccomp_filters),
	ROW("x86_Thread_features:", parse_thread_features, x86_shstk),
	ROW("x86_Thread_features_locked:", parse_thread_features, x86_shstk_locked),
};
/* clang-format on */

static bool parse_value(struct status_parse *p, const struct status_field *f, struct scan *value)
{
	scan_blanks(value);
	if (!f->parse(p, value, f->offset))
		return false;
	scan_blanks(value);
	return scan_at_end(value);
}

/*
 * Lines come in the order of the table, so the search goes on where it last succeeded and a whole
 * file costs one walk.
 */
static struct err *parse_line(struct status_parse *p, const struct scan *line, size_t *next)
{
	size_t len = (size_t)(line->end - line->pos);

	for (size_t i = 0; i < ARRAY_SIZE(status_fields); i++) {
		size_t at = (*next + i) % ARRAY_SIZE(status_fields);
		const struct status_field *f = &status_fields[at];
		struct scan value;

		if (len < f->key_len || memcmp(line->pos, f->key, f->key_len))
			continue;
		value = scan_init(line->pos + f->key_len, len - f->key_len);
		if (!parse_value(p, f, &value))
			return scan_error(line, "a line of a status file");
		*next = at + 1;
		break;
	}
	return NULL;
}

struct err *proc_status_parse(const char *text, size_t len, struct arena *a,
			      struct proc_status *out)
{
	struct status_parse p = { .arena = a };
	struct scan s = scan_init(text, len), line;
	size_t next = 0;

	/* "Name:" comes first; the kernel escapes newlines in it, so it cannot forge a line. */
	while (scan_line(&s, &line))
		TRY(parse_line(&p, &line, &next));
	if (!p.st.state)
		return err_new(ERR_SYS, "cannot parse a status file: it lacks State");
	/* The numbers are taken from a task before its directory goes. */
	if (!p.st.pid || !p.st.tgid || !p.st.nr_ns_pids || !p.st.ns_pids[0])
		return err_new(ERR_GONE, "cannot read a status file: the task has ended");
	*out = p.st;
	return NULL;
}

struct err *proc_status_read(int dirfd, struct arena *a, struct proc_status *out)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	/* Not a small file: a user may be in 65536 groups. */
	TRY(proc_slurp(dirfd, "status", &text, &len));
	return proc_status_parse(text, len, a, out);
}
