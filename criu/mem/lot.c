/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lot: one range of addresses in which no task of the tree has anything in its final layout, and the tool has
 * nothing either.  Areas whose home is taken by the tool wait there, the restorer runs there, and a vDSO that
 * differs from the stored one stays there.  Because the lot is disjoint from every home, parked areas can be moved
 * home in any order.
 *
 * The address space is looked at in slots of 1 GiB: exact enough for 128 TiB, and linear in the VMAs of the tree.
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

struct err *lot_choose(struct restore *r)
{
	uint8_t *taken = arena_alloc(r->arena, NR_SLOTS);
	size_t best = 0, best_len = 0, len = 0;

	TRY(mark_tool(taken, r->arena));
	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		if (r->tree.tasks[i]->mm)
			mark_task(taken, r->tree.tasks[i]->mm);
	for (size_t i = FIRST_SLOT; i < NR_SLOTS; i++) {
		len = taken[i] ? 0 : len + 1;
		if (len > best_len) {
			best_len = len;
			best = i + 1 - len;
		}
	}
	/* The outer slots are left to the tool's own heap and mappings, which grow while it works. */
	if (best_len < 4)
		return err_new(ERR_UNSUPPORTED,
			       "cannot find a free range of addresses for the restorer: the tasks fill their "
			       "address spaces");
	r->mem->lot_start = (best + best_len / 4) << SLOT_SHIFT;
	r->mem->lot_end = (best + best_len - best_len / 4) << SLOT_SHIFT;
	return NULL;
}

struct err *lot_take(const struct mem_restore *m, struct mem_layout *l, uint64_t len, uint64_t align,
		     uint64_t *start_out)
{
	uint64_t start = (l->lot_next + align - 1) & ~(align - 1);

	if (start < l->lot_next || start > m->lot_end || len > m->lot_end - start)
		return err_new(ERR_UNSUPPORTED,
			       "cannot park %" PRIu64 " bytes: the free range %#" PRIx64 "-%#" PRIx64 " is used up",
			       len, m->lot_start, m->lot_end);
	l->lot_next = start + len;
	*start_out = start;
	return NULL;
}
