/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory side of a restore as a whole: what belongs to the tree and not to one task. */

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "mem/restore_priv.h"

struct err *mem_restore_new(struct restore *r, const struct mem_hooks *hooks)
{
	r->mem = ARENA_NEW(r->arena, struct mem_restore);
	r->mem->hooks = *hooks;
	return NULL;
}

/* A kernel without huge pages has no such file. */
static bool gives_huge_pages(void)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	struct err *e = file_slurp_at(AT_FDCWD, &text, &len,
				      "/sys/kernel/mm/transparent_hugepage/enabled");

	if (e) {
		err_drop(e, "then there are none");
		return false;
	}
	return strstr(text, "[always]");
}

struct err *mem_restore_link(struct restore *r)
{
	r->mem->has_thp = gives_huge_pages();
	TRY(shmem_link(r));
	TRY(lot_choose(r));
	TRY(vdso_find_running(r));
	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		if (r->tree.tasks[i]->mm)
			TRY(vdso_link(r, r->tree.tasks[i]));
	log_debug("mem", 0,
		  "parked areas and the restorer go to %#" PRIx64 "-%#" PRIx64 ": objects=%zu",
		  r->mem->lot_start, r->mem->lot_end, r->mem->nr_objects);
	return NULL;
}

struct err *mem_restore_hole(struct worker *w, uint64_t len, uint64_t *start_out)
{
	return lot_take(w->restore->mem, w->task->mm->layout,
			(len + MEM_PAGE - 1) & ~(MEM_PAGE - 1), MEM_PAGE, start_out);
}

uint64_t mem_restore_nr_pages(const struct restore *r)
{
	uint64_t nr = 0;

	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		if (r->tree.tasks[i]->mm)
			nr += page_source_nr_pages(r->tree.tasks[i]->mm->layout->pages);
	return nr;
}

void mem_restore_drop(struct restore *r)
{
	if (!r->mem)
		return;
	shmem_drop(r->mem);
	for (size_t i = 0; i < r->tree.nr_tasks; i++) {
		struct mm *mm = r->tree.tasks[i]->mm;

		if (mm && mm->layout && mm->layout->pages) {
			page_source_close(mm->layout->pages);
			mm->layout->pages = NULL;
		}
	}
}
