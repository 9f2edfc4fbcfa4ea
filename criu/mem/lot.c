/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lot: one range of addresses in which no task of the tree has anything in its final layout,
 * and the tool has nothing either.  Areas whose home is taken by the tool wait there, the restorer
 * runs there, and a vDSO that differs from the stored one stays there.  Because the lot is disjoint
 * from every home, parked areas can be moved home in any order.
 *
 * The address space is looked at in slots of 1 GiB: exact enough for 128 TiB, and linear in the
 * VMAs of the tree.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/fd.h"
#include "mem/restore_priv.h"
#include "proc/maps.h"

enum { SLOT_SHIFT = 30 };

#define NR_SLOTS ((size_t)(MEM_TASK_END >> SLOT_SHIFT))
/* Room below 4 GiB is left to MAP_32BIT. */
#define FIRST_SLOT 4
/* The least that is worth trying: the restorer of a task with a hundred threads. */
#define MIN_LOT (4ULL << 20)

static void mark(uint8_t *taken, uint64_t start, uint64_t end)
{
	uint64_t first = start >> SLOT_SHIFT, last = (end - 1) >> SLOT_SHIFT;

	if (first >= NR_SLOTS)
		return;
	memset(taken + first, 1, MIN(last, NR_SLOTS - 1) - first + 1);
}

static void mark_task(uint8_t *taken, const struct mm *mm)
{
	for (size_t i = 0; i < mm->layout->nr_vmas; i++)
		mark(taken, mm->rec->vmas[i]->start, mm->rec->vmas[i]->end);
}

static struct err *mark_tool(uint8_t *taken, struct arena *a)
{
	struct proc_maps maps;
	AUTO_FD dir = -1;

	TRY(fd_open_at(AT_FDCWD, O_PATH | O_DIRECTORY, &dir, "/proc/self"));
	TRY(proc_maps_read_quick(dir, a, &maps));
	for (size_t i = 0; i < maps.nr; i++)
		mark(taken, maps.vmas[i].start, maps.vmas[i].end);
	return NULL;
}

/*
 * The longest run of free slots, without its outer quarters: there the tool's own mappings may grow
 * meanwhile.
 */
static bool choose_slots(struct mem_restore *m, const uint8_t *taken)
{
	size_t best = 0, best_len = 0, len = 0;

	for (size_t i = FIRST_SLOT; i < NR_SLOTS; i++) {
		len = taken[i] ? 0 : len + 1;
		if (len > best_len) {
			best_len = len;
			best = i + 1 - len;
		}
	}
	if (best_len < 4)
		return false;
	m->lot_start = (best + best_len / 4) << SLOT_SHIFT;
	m->lot_end = (best + best_len - best_len / 4) << SLOT_SHIFT;
	return true;
}

/* --- address spaces that are reserved but for small holes --- */

struct taken_list {
	struct special *list;
	size_t nr;
};

static void add_range(struct taken_list *t, struct arena *a, uint64_t start, uint64_t end)
{
	t->list = arena_grow(a, t->list, t->nr, sizeof(*t->list));
	t->list[t->nr++] = (struct special){ start, end };
}

static int compare_starts(const void *a, const void *b)
{
	const struct special *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static struct err *list_taken(struct restore *r, struct taken_list *t)
{
	struct proc_maps maps;
	AUTO_FD dir = -1;

	TRY(fd_open_at(AT_FDCWD, O_PATH | O_DIRECTORY, &dir, "/proc/self"));
	TRY(proc_maps_read_quick(dir, r->arena, &maps));
	for (size_t i = 0; i < maps.nr; i++)
		add_range(t, r->arena, maps.vmas[i].start, maps.vmas[i].end);
	for (size_t i = 0; i < r->tree.nr_tasks; i++) {
		const struct mm *mm = r->tree.tasks[i]->mm;

		for (size_t k = 0; mm && k < mm->layout->nr_vmas; k++)
			add_range(t, r->arena, mm->rec->vmas[k]->start, mm->rec->vmas[k]->end);
	}
	qsort(t->list, t->nr, sizeof(*t->list), compare_starts);
	return NULL;
}

static struct err *choose_hole(struct restore *r)
{
	uint64_t pos = MIN_LOT, best = 0, best_len = 0;
	struct taken_list t = { 0 };

	TRY(list_taken(r, &t));
	for (size_t i = 0; i <= t.nr; i++) {
		/* The vsyscall page lies above. */
		uint64_t end = i < t.nr ? MIN(t.list[i].start, MEM_TASK_END) : MEM_TASK_END;

		if (end > pos && end - pos > best_len) {
			best_len = end - pos;
			best = pos;
		}
		if (i < t.nr)
			pos = MAX(pos, t.list[i].end);
	}
	if (best_len < MIN_LOT)
		return err_new(ERR_UNSUPPORTED, "cannot find a free range of addresses for the "
						"restorer: the tasks fill their "
						"address spaces");
	r->mem->lot_start = (best + best_len / 8) & ~(MEM_PAGE - 1);
	r->mem->lot_end = (best + best_len - best_len / 8) & ~(MEM_PAGE - 1);
	return NULL;
}

struct err *lot_choose(struct restore *r)
{
	uint8_t *taken = arena_alloc(r->arena, NR_SLOTS);

	TRY(mark_tool(taken, r->arena));
	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		if (r->tree.tasks[i]->mm)
			mark_task(taken, r->tree.tasks[i]->mm);
	return choose_slots(r->mem, taken) ? NULL : choose_hole(r);
}

struct err *lot_take(const struct mem_restore *m, struct mem_layout *l, uint64_t len,
		     uint64_t align, uint64_t *start_out)
{
	uint64_t start = (l->lot_next + align - 1) & ~(align - 1);

	if (start < l->lot_next || start > m->lot_end || len > m->lot_end - start)
		return err_new(ERR_UNSUPPORTED,
			       "cannot park %" PRIu64 " bytes: the free range %#" PRIx64
			       "-%#" PRIx64 " is used up",
			       len, m->lot_start, m->lot_end);
	l->lot_next = start + len;
	*start_out = start;
	return NULL;
}
