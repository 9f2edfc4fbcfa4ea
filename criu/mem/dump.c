/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/dump.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/stats.h"
#include "image/dir.h"
#include "mem/copy.h"
#include "mem/mm.h"
#include "mem/page_scan.h"
#include "proc/auxv.h"
#include "proc/pid.h"
#include "task/part.h"

uint64_t mem_guess_private(pid_t host_pid)
{
	unsigned long size, resident, shared;
	AUTO_FREE char *text = NULL;
	struct err *e = file_slurp_at(AT_FDCWD, &text, NULL, "/proc/%d/statm", host_pid);

	if (e) {
		err_drop(e, "only a guess");
		return 0;
	}
	if (sscanf(text, "%lu %lu %lu", &size, &resident, &shared) != 3 || shared > resident)
		return 0;
	return (resident - shared) * MEM_PAGE;
}

/* Private pages are saved from these areas; of the vDSO all, so that it can be compared and kept. */
static bool has_private_pages(const VmaEntry *e)
{
	if (!(e->status & (VMA_ANON_PRIVATE | VMA_FILE_PRIVATE)) || !(e->status & VMA_AREA_REGULAR))
		return false;
	/* 8 is MAP_DROPPABLE: contents may vanish at any time, so they do here. */
	return !(e->status & (VMA_AREA_VVAR | VMA_AREA_VDSO)) && (e->flags & 0xf) != 8;
}

static VmaEntry *guard_to_pb(struct arena *a, uint64_t start, uint64_t end)
{
	VmaEntry *e = PB_NEW(a, VmaEntry, vma_entry);

	e->start = start;
	e->end = end;
	e->status = VMA_AREA_GUARD;
	e->fd = -1;
	return e;
}

struct collect {
	struct dump *d;
	struct task *t;
	const struct proc_maps *maps;
	struct page_plan plan;
	struct page_sink *sink;
	VmaEntry **guards; /* become the last entries of the list */
	size_t nr_guards;
};

/* What a pin would copy: smaps told, once for the whole area. */
static bool is_shared(const struct collect *c, uint64_t addr)
{
	const struct proc_vma *v = proc_maps_find(c->maps, addr);

	return v && v->shared_bytes;
}

static struct err *add_part(struct collect *c, const VmaEntry *vma, const struct page_range *r)
{
	uint64_t start = MAX(r->start, vma->start), end = MIN(r->end, vma->end);

	if (r->is_guard) {
		c->guards = arena_grow(c->d->arena, c->guards, c->nr_guards, sizeof(*c->guards));
		c->guards[c->nr_guards++] = guard_to_pb(c->d->arena, start, end);
		return NULL;
	}
	if (!has_private_pages(vma))
		return NULL;
	return page_plan_add(&c->plan, c->sink, start, (end - start) / MEM_PAGE,
			     is_shared(c, start));
}

/* Both lists ascend; a range may cover several areas and an area several ranges. */
static struct err *collect_pages(struct collect *c, const struct task_probe *p)
{
	AUTO_PAGE_SCAN struct page_scan *scan = NULL;
	const MmEntry *mm = c->t->mm->rec;
	struct page_range range;
	bool found;

	TRY(page_scan_open(p->dirfd, c->d->kernel, &p->maps, &scan));
	TRY(page_scan_next(scan, &range, &found));
	for (size_t i = 0; i < mm->n_vmas; i++) {
		const VmaEntry *vma = mm->vmas[i];

		if (vma->status & VMA_AREA_VDSO)
			TRY(page_plan_add(&c->plan, c->sink, vma->start,
					  (vma->end - vma->start) / MEM_PAGE, true));
		while (found && range.start < vma->end) {
			if (range.end > vma->start)
				TRY(add_part(c, vma, &range));
			if (range.end > vma->end)
				break; /* the next area has the rest */
			TRY(page_scan_next(scan, &range, &found));
		}
	}
	return NULL;
}

static struct err *dump_pages(struct collect *c, const struct task_probe *p)
{
	struct dump_stats *stats = c->d->stats;
	uint64_t start = clock_us(), planned;

	TRY(page_sink_open(c->d->images, IMAGE_PAGEMAP, c->t->ns_pid, &c->sink));
	TRY(collect_pages(c, p));
	planned = clock_us();
	TRY(page_plan_copy(&c->plan, c->sink, c->t->host_pid, p->mem_fd));
	stats->memdump_us += planned - start;
	stats->memwrite_us += clock_us() - planned;
	stats->pages_written += c->plan.nr_pages;
	log_debug("mem", c->t->host_pid, "pages=%lu runs=%zu guards=%zu", c->plan.nr_pages,
		  c->plan.nr, c->nr_guards);
	return page_sink_finish(PTR_TAKE(c->sink));
}

static void scanned_add(struct dump *d, const MmEntry *mm)
{
	for (size_t i = 0; i < mm->n_vmas; i++)
		if (has_private_pages(mm->vmas[i]))
			d->stats->pages_scanned += (mm->vmas[i]->end - mm->vmas[i]->start) /
						   MEM_PAGE;
}

/* What /proc/PID/stat and the parasite told about the address space as a whole: prctl(2), PR_SET_MM_MAP. */
static struct err *mm_fields_fill(struct dump *d, MmEntry *mm, const struct task_probe *p)
{
	struct proc_auxv auxv;

	mm->mm_start_code = p->stat.start_code;
	mm->mm_end_code = p->stat.end_code;
	mm->mm_start_data = p->stat.start_data;
	mm->mm_end_data = p->stat.end_data;
	mm->mm_start_stack = p->stat.start_stack;
	mm->mm_start_brk = p->stat.start_brk;
	mm->mm_brk = p->parasite.brk;
	mm->mm_arg_start = p->stat.arg_start;
	mm->mm_arg_end = p->stat.arg_end;
	mm->mm_env_start = p->stat.env_start;
	mm->mm_env_end = p->stat.env_end;
	mm->has_dumpable = true;
	mm->dumpable = p->parasite.dumpable;
	mm->has_thp_disabled = true;
	mm->thp_disabled = p->parasite.thp_disabled;
	if (p->locks_new_mappings) {
		mm->has_mlockall_flags = true;
		mm->mlockall_flags = MCL_FUTURE | (p->parasite.populates ? 0 : MCL_ONFAULT);
	}
	if (p->parasite.mdwe > 0) {
		mm->has_mdwe = true;
		mm->mdwe = p->parasite.mdwe;
	}
	if (p->parasite.pkeys) {
		mm->has_pkeys = true;
		mm->pkeys = p->parasite.pkeys;
	}
	TRY(proc_read_coredump_filter(p->dirfd, &mm->coredump_filter));
	mm->has_coredump_filter = true;
	TRY(proc_auxv_read(p->dirfd, &auxv));
	/* The reader puts AT_NULL behind it again. */
	mm->n_mm_saved_auxv = auxv.nr_words >= 2 ? auxv.nr_words - 2 : 0;
	mm->mm_saved_auxv = arena_memdup(d->arena, auxv.words,
					 mm->n_mm_saved_auxv * sizeof(uint64_t));
	return NULL;
}

static void append_guards(struct collect *c)
{
	MmEntry *mm = c->t->mm->rec;
	VmaEntry **all;

	if (!c->nr_guards)
		return;
	all = arena_array(c->d->arena, mm->n_vmas + c->nr_guards, sizeof(*all));
	for (size_t i = 0; i < mm->n_vmas; i++)
		all[i] = mm->vmas[i];
	for (size_t i = 0; i < c->nr_guards; i++)
		all[mm->n_vmas + i] = c->guards[i];
	mm->vmas = all;
	mm->n_vmas += c->nr_guards;
}

struct err *mem_dump_task(struct dump *d, struct task *t, const struct task_probe *p)
{
	struct collect c = { .d = d, .t = t, .maps = &p->maps };
	struct err *e;

	TRY(mm_fields_fill(d, t->mm->rec, p));
	scanned_add(d, t->mm->rec);
	e = dump_pages(&c, p);
	page_sink_abandon(c.sink);
	page_plan_fini(&c.plan);
	if (e)
		return err_context(e, "memory of task %d", t->host_pid);
	append_guards(&c);
	return image_write(d->images, IMAGE_MM, t->ns_pid, &t->mm->rec->base);
}
