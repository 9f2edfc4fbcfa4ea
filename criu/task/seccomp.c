/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Seccomp: strict mode and filters.  A thread's filters form a chain, the newest first in the
 * kernel; in the image an entry's `prev` is the next newer one, so a chain is entered at its oldest
 * filter and installed on the way. Threads and children share chains, hence equal ones are written
 * once.  Source: PTRACE_SECCOMP_GET_FILTER of ptrace(2), which needs CAP_SYS_ADMIN.
 */
#include "task/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ptrace.h>

#include "image/dir.h"
#include "seccomp.pb-c.h"
#include "task/part.h"
#include "task/restore_parts.h"

#define GET_METADATA 0x420d

struct chain {
	SeccompFilter **filters; /* oldest first */
	size_t nr;
	uint32_t first; /* index of the oldest in the image */
};

struct seccomp_table {
	struct chain *chains;
	size_t nr_chains;
	SeccompEntry entry;
};

static struct seccomp_table *table_get(struct dump *d)
{
	if (!d->seccomp) {
		d->seccomp = ARENA_NEW(d->arena, struct seccomp_table);
		seccomp_entry__init(&d->seccomp->entry);
	}
	return d->seccomp;
}

/* @nr: 0 is the newest.  *out is NULL behind the oldest. */
static struct err *filter_get(struct arena *a, pid_t tid, size_t nr, SeccompFilter **out)
{
	struct {
		uint64_t filter_off;
		uint64_t flags;
	} metadata = { .filter_off = nr };
	struct sock_filter code[BPF_MAXINSNS];
	long len = ptrace(PTRACE_SECCOMP_GET_FILTER, tid, nr, code);
	SeccompFilter *f;

	*out = NULL;
	if (len < 0 && errno == ENOENT)
		return NULL;
	if (len < 0)
		return err_hint(
			err_sys(errno, "cannot read seccomp filter %zu of thread %d", nr, tid),
			"run criu-lite with CAP_SYS_ADMIN and without a seccomp filter of its own");
	if (ptrace(GET_METADATA, tid, sizeof(metadata), &metadata) < 0)
		return err_sys(errno, "cannot read the flags of seccomp filter %zu of thread %d",
			       nr, tid);
	f = PB_NEW(a, SeccompFilter, seccomp_filter);
	f->filter.len = len * sizeof(code[0]);
	f->filter.data = arena_memdup(a, code, f->filter.len);
	f->has_flags = true;
	f->flags = metadata.flags;
	*out = f;
	return NULL;
}

static struct err *chain_get(struct arena *a, pid_t tid, struct chain *out)
{
	struct chain c = { 0 };
	SeccompFilter *f;

	for (;;) {
		TRY(filter_get(a, tid, c.nr, &f));
		if (!f)
			break;
		c.filters = arena_grow(a, c.filters, c.nr, sizeof(*c.filters));
		c.filters[c.nr++] = f;
	}
	for (size_t i = 0; i < c.nr / 2; i++) {
		f = c.filters[i];
		c.filters[i] = c.filters[c.nr - 1 - i];
		c.filters[c.nr - 1 - i] = f;
	}
	*out = c;
	return NULL;
}

static bool filters_equal(const SeccompFilter *a, const SeccompFilter *b)
{
	return a->flags == b->flags && a->filter.len == b->filter.len &&
	       !memcmp(a->filter.data, b->filter.data, a->filter.len);
}

static bool chains_equal(const struct chain *a, const struct chain *b)
{
	if (a->nr != b->nr)
		return false;
	for (size_t i = 0; i < a->nr; i++)
		if (!filters_equal(a->filters[i], b->filters[i]))
			return false;
	return true;
}

static uint32_t chain_add(struct dump *d, struct chain *c)
{
	struct seccomp_table *t = table_get(d);
	SeccompEntry *e = &t->entry;

	for (size_t i = 0; i < t->nr_chains; i++)
		if (chains_equal(&t->chains[i], c))
			return t->chains[i].first;
	c->first = e->n_seccomp_filters;
	for (size_t i = 0; i < c->nr; i++) {
		c->filters[i]->has_prev = i + 1 < c->nr;
		c->filters[i]->prev = c->first + i + 1;
		e->seccomp_filters = arena_grow(d->arena, e->seccomp_filters, e->n_seccomp_filters,
						sizeof(*e->seccomp_filters));
		e->seccomp_filters[e->n_seccomp_filters++] = c->filters[i];
	}
	t->chains = arena_grow(d->arena, t->chains, t->nr_chains, sizeof(*t->chains));
	t->chains[t->nr_chains++] = *c;
	return c->first;
}

static struct err *seccomp_dump_thread(struct dump *d, struct thread *t,
				       const struct thread_view *v)
{
	ThreadCoreEntry *core = t->core->thread_core;
	struct chain chain;

	core->has_seccomp_mode = true;
	core->seccomp_mode = (SeccompMode)v->status->seccomp_mode;
	if (v->status->seccomp_mode != SECCOMP_MODE_FILTER)
		return NULL;
	TRY(chain_get(d->arena, t->host_tid, &chain));
	core->has_seccomp_filter = true;
	core->seccomp_filter = chain_add(d, &chain);
	return NULL;
}

struct err *seccomp_write(struct dump *d)
{
	return image_write(d->images, IMAGE_SECCOMP, 0, &table_get(d)->entry.base);
}

const struct task_part task_part_seccomp = {
	.name = "seccomp",
	.dump_thread = seccomp_dump_thread,
};

/* ---- restore ---- */

static struct err *seccomp_read(struct restore *r)
{
	ProtobufCMessage *msg = NULL;

	TRY(image_read_optional(r->images, IMAGE_SECCOMP, 0, r->arena, &msg));
	r->seccomp = (SeccompEntry *)msg;
	for (size_t i = 0; r->seccomp && i < r->seccomp->n_seccomp_filters; i++) {
		const SeccompFilter *f = r->seccomp->seccomp_filters[i];

		if (!f->filter.len || f->filter.len % sizeof(struct sock_filter) ||
		    f->filter.len / sizeof(struct sock_filter) > BPF_MAXINSNS)
			return err_new(ERR_IMAGE, "seccomp.img: filter %zu has %zu bytes", i,
				       f->filter.len);
	}
	return NULL;
}

/* The chain starts at the oldest filter; prev is the next newer one. */
static struct err *seccomp_chain_len(const struct restore *r, const struct thread *th,
				     size_t *nr_out)
{
	const SeccompEntry *all = r->seccomp;
	uint32_t at = th->core->thread_core->seccomp_filter;
	size_t nr = 1;

	for (;; nr++) {
		if (!all || at >= all->n_seccomp_filters)
			return err_new(ERR_IMAGE, "core-%d.img: seccomp filter %u does not exist",
				       th->ns_tid, at);
		if (nr > all->n_seccomp_filters)
			return err_new(ERR_IMAGE,
				       "seccomp.img: the filters of thread %d go round in a circle",
				       th->ns_tid);
		if (!all->seccomp_filters[at]->has_prev)
			break;
		at = all->seccomp_filters[at]->prev;
	}
	*nr_out = nr;
	return NULL;
}

static SeccompMode seccomp_mode(const struct thread *th)
{
	const ThreadCoreEntry *tc = th->core->thread_core;

	return tc->has_seccomp_mode ? tc->seccomp_mode : SECCOMP_MODE__disabled;
}

static struct err *seccomp_check_thread(const struct restore *r, const struct thread *th)
{
	size_t nr;

	switch ((uint32_t)seccomp_mode(th)) {
	case SECCOMP_MODE__disabled:
	case SECCOMP_MODE__strict:
		return NULL;
	case SECCOMP_MODE__filter:
		return seccomp_chain_len(r, th, &nr);
	}
	return err_new(ERR_IMAGE, "core-%d.img: seccomp mode %u does not exist", th->ns_tid,
		       seccomp_mode(th));
}

static bool seccomp_same(const struct thread *a, const struct thread *b)
{
	return seccomp_mode(a) == seccomp_mode(b) &&
	       (seccomp_mode(a) != SECCOMP_MODE__filter ||
		a->core->thread_core->seccomp_filter == b->core->thread_core->seccomp_filter);
}

static struct err *seccomp_fill(struct worker *w, struct rst_build *b)
{
	const struct task *t = w->task;
	struct rst_args *args = rst_args(b);
	bool all_same = true;

	for (size_t i = 0; i < t->nr_threads; i++) {
		args->any_seccomp |= seccomp_mode(&t->threads[i]) != SECCOMP_MODE__disabled;
		all_same &= seccomp_same(&t->threads[0], &t->threads[i]);
	}
	/*
	 * One chain for all, as it was: a later SECCOMP_FILTER_FLAG_TSYNC of the program asks for
	 * that.
	 */
	args->seccomp_tsync = t->nr_threads > 1 && all_same &&
			      seccomp_mode(&t->threads[0]) == SECCOMP_MODE__filter;
	return NULL;
}

static struct err *seccomp_put_chain(struct worker *w, struct rst_build *b, const struct thread *th,
				     struct rst_thread *out)
{
	const SeccompEntry *all = w->restore->seccomp;
	uint32_t at = th->core->thread_core->seccomp_filter;
	size_t nr;

	TRY(seccomp_chain_len(w->restore, th, &nr));
	out->nr_filters = nr;
	out->filters_off = rst_put(b, NULL, nr * sizeof(struct rst_filter));
	for (size_t i = 0; i < nr; i++) {
		const SeccompFilter *f = all->seccomp_filters[at];
		struct rst_filter one = {
			.off = rst_put(b, f->filter.data, f->filter.len),
			.nr = f->filter.len / sizeof(struct sock_filter),
			/* The one flag that stays with a filter. */
			.flags = f->has_flags ? f->flags & SECCOMP_FILTER_FLAG_LOG : 0,
		};

		((struct rst_filter *)rst_at(b, out->filters_off))[i] = one;
		at = f->prev;
	}
	return NULL;
}

static struct err *seccomp_fill_thread(struct worker *w, struct rst_build *b,
				       const struct thread *th, struct rst_thread *out)
{
	const struct thread *leader = &w->task->threads[0];
	const struct rst_thread *first;

	out->seccomp = seccomp_mode(th);
	if (out->seccomp != SECCOMP_MODE__filter)
		return NULL;
	if (th == leader || !seccomp_same(th, leader))
		return seccomp_put_chain(w, b, th, out);
	first = rst_at(b, rst_args(b)->threads_off);
	out->filters_off = first->filters_off;
	out->nr_filters = first->nr_filters;
	return NULL;
}

const struct restore_part restore_part_seccomp = {
	.name = "seccomp",
	.read = seccomp_read,
	.check_thread = seccomp_check_thread,
	.fill = seccomp_fill,
	.fill_thread = seccomp_fill_thread,
};
