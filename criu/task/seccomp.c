/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Seccomp: strict mode and filters.  A thread's filters form a chain, the newest first in the kernel; in the image an
 * entry's `prev` is the next newer one, so a chain is entered at its oldest filter and installed on the way.
 * Threads and children share chains, hence equal ones are written once.  Source: PTRACE_SECCOMP_GET_FILTER
 * of ptrace(2), which needs CAP_SYS_ADMIN.
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
		return err_hint(err_sys(errno, "cannot read seccomp filter %zu of thread %d", nr, tid),
				"run criu-lite with CAP_SYS_ADMIN and without a seccomp filter of its own");
	if (ptrace(GET_METADATA, tid, sizeof(metadata), &metadata) < 0)
		return err_sys(errno, "cannot read the flags of seccomp filter %zu of thread %d", nr, tid);
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

static struct err *seccomp_dump_thread(struct dump *d, struct thread *t, const struct thread_view *v)
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
