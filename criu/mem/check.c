/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compares the mappings of a restored task with its image, before it runs: a mapping of the tool
 * that is left, or one that is missing, would be a fault of the tool that nobody else notices.
 * Neighbours may have been merged or split, so ranges of equal protection are compared, not
 * entries.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/fd.h"
#include "mem/restore_priv.h"
#include "proc/maps.h"

struct check {
	const struct task *t;
	const struct mm *mm;
	size_t vma;   /* the entry looked at */
	uint64_t pos; /* up to here both sides are equal */
};

static bool is_expected(const struct mem_layout *l, const VmaEntry *v)
{
	if (!(v->status & VMA_AREA_REGULAR))
		return false;
	if (!vma_is_vdso(v))
		return true;
	return l->vdso != VDSO_DROP;
}

/* The entry at or behind @c->pos, or NULL. */
static const VmaEntry *next_entry(struct check *c)
{
	for (; c->vma < c->mm->layout->nr_vmas; c->vma++) {
		const VmaEntry *v = c->mm->rec->vmas[c->vma];

		if (is_expected(c->mm->layout, v) && v->end > c->pos)
			return v;
	}
	return NULL;
}

static struct err *differ(const struct check *c, uint64_t start, uint64_t end, const char *what)
{
	return err_new(ERR_BUG,
		       "memory of restored task %d is not the image's: %#" PRIx64 "-%#" PRIx64
		       " %s",
		       c->t->ns_pid, start, end, what);
}

/* Mappings that are in no image by design. */
static bool is_exempt(const struct check *c, const struct proc_vma *p)
{
	if (!strcmp(p->path, "[vsyscall]"))
		return true;
	return c->mm->layout->vdso == VDSO_REDIRECT &&
	       (!strcmp(p->path, "[vdso]") || !strncmp(p->path, "[vvar", 5));
}

static struct err *check_mapping(struct check *c, const struct proc_vma *p)
{
	for (uint64_t pos = p->start; pos < p->end; pos = c->pos) {
		const VmaEntry *v = next_entry(c);

		if (!v || v->start > pos)
			return differ(c, pos, p->end, "should not be there");
		if (!vma_is_vdso(v) &&
		    ((int)v->prot != p->prot || p->is_shared != !!(v->flags & MAP_SHARED)))
			return differ(c, pos, MIN(v->end, p->end), "has another protection");
		c->pos = MIN(v->end, p->end);
	}
	return NULL;
}

static struct err *check_gap(struct check *c, uint64_t start)
{
	const VmaEntry *v = next_entry(c);

	if (v && MAX(v->start, c->pos) < start)
		return differ(c, MAX(v->start, c->pos), MIN(v->end, start), "is missing");
	return NULL;
}

struct err *mem_restore_check(struct restore *r, struct task *t)
{
	struct check c = { .t = t, .mm = t->mm };
	struct proc_maps maps;
	struct arena *a;
	struct err *e;
	AUTO_FD dir = -1;

	(void)r;
	TRY(fd_open_at(AT_FDCWD, O_PATH | O_DIRECTORY, &dir, "/proc/%d", t->host_pid));
	a = arena_new();
	e = proc_maps_read_quick(dir, a, &maps);
	for (size_t i = 0; !e && i < maps.nr; i++) {
		if (is_exempt(&c, &maps.vmas[i]))
			continue;
		e = check_gap(&c, maps.vmas[i].start);
		if (!e)
			e = check_mapping(&c, &maps.vmas[i]);
	}
	if (!e)
		e = check_gap(&c, UINT64_MAX);
	arena_free(a);
	return e;
}
