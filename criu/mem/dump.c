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
#include "mem/gather.h"
#include "mem/mm.h"
#include "mem/tracker.h"
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

uint64_t mem_dump_expected(const struct task *t)
{
	uint64_t bytes = 0;

	if (mem_track_parent(t))
		return 0;
	for (size_t i = 0; i < t->probe->maps.nr; i++)
		bytes += t->probe->maps.vmas[i].anonymous_bytes + t->probe->maps.vmas[i].swap_bytes;
	return bytes / MEM_PAGE;
}

static struct err *dump_pages(struct dump *d, struct task *t, const struct task_probe *p,
			      struct gathered *g)
{
	struct dump_stats *stats = d->stats;
	uint64_t start = clock_us(), planned;

	TRY(gather_pages(d, t, p, g));
	planned = clock_us();
	progress_expect(d->progress, (int64_t)(g->plan.nr_pages - mem_dump_expected(t)));
	TRY(page_plan_copy(&g->plan, g->sink,
			   &(struct page_copy_from){ .host_pid = t->host_pid,
						     .mem_fd = p->mem_fd,
						     .progress = d->progress },
			   &stats->pages_zero));
	stats->memdump_us += planned - start;
	stats->memwrite_us += clock_us() - planned;
	stats->pages_written += g->plan.nr_pages;
	stats->pages_skipped_parent += g->nr_parent;
	log_debug("mem", t->host_pid, "pages=%lu parent=%lu runs=%zu guards=%zu", g->plan.nr_pages,
		  g->nr_parent, page_plan_nr(&g->plan), g->nr_guards);
	return page_sink_finish(PTR_TAKE(g->sink));
}

static void scanned_add(struct dump *d, const MmEntry *mm)
{
	for (size_t i = 0; i < mm->n_vmas; i++)
		if (vma_has_private_pages(mm->vmas[i]))
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
	if (p->parasite.memory_merge > 0) {
		mm->has_memory_merge = true;
		mm->memory_merge = true;
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

static void append_guards(struct dump *d, MmEntry *mm, const struct gathered *g)
{
	VmaEntry **all;

	if (!g->nr_guards)
		return;
	all = arena_array(d->arena, mm->n_vmas + g->nr_guards, sizeof(*all));
	for (size_t i = 0; i < mm->n_vmas; i++)
		all[i] = mm->vmas[i];
	for (size_t i = 0; i < g->nr_guards; i++)
		all[mm->n_vmas + i] = g->guards[i];
	mm->vmas = all;
	mm->n_vmas += g->nr_guards;
}

struct err *mem_dump_task(struct dump *d, struct task *t, const struct task_probe *p)
{
	struct gathered g = { .plan.fd = -1 };
	struct err *e;

	TRY(mm_fields_fill(d, t->mm->rec, p));
	scanned_add(d, t->mm->rec);
	e = dump_pages(d, t, p, &g);
	gathered_fini(&g);
	if (e)
		return err_context(e, "memory of task %d", t->host_pid);
	append_guards(d, t->mm->rec, &g);
	return image_write(d->images, IMAGE_MM, t->ns_pid, &t->mm->rec->base);
}
