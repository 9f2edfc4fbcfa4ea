/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads mm-PID.img and refuses what cannot be: after it every VMA lies inside the address space,
 * ascends, does not overlap, is of exactly one kind, and every stored page lies in a private VMA.
 */

#include <inttypes.h>
#include <sys/mman.h>

#include "image/dir.h"
#include "mem/restore_priv.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

#define VMA_KINDS (VMA_FILE_PRIVATE | VMA_FILE_SHARED | VMA_ANON_SHARED | VMA_ANON_PRIVATE)

/* What a stored mapping may ask of mmap. */
#define VMA_FLAGS                                                                                \
	(MAP_SHARED | MAP_PRIVATE | MAP_DROPPABLE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_LOCKED | \
	 MAP_NORESERVE | MAP_HUGETLB | (0x3fU << MAP_HUGE_SHIFT))

uint64_t vma_page_size(const VmaEntry *v)
{
	unsigned int shift;

	if (!(v->flags & MAP_HUGETLB))
		return MEM_PAGE;
	shift = (v->flags >> MAP_HUGE_SHIFT) & 0x3f;
	return 1ULL << (shift ? shift : 21);
}

static struct err *bad_vma(const struct task *t, const VmaEntry *v, const char *why)
{
	return err_new(ERR_IMAGE,
		       "cannot restore mapping %#" PRIx64 "-%#" PRIx64 " of mm-%d.img: %s",
		       v->start, v->end, t->ns_pid, why);
}

static struct err *refuse_vma(const struct task *t, const VmaEntry *v, const char *what)
{
	return err_hint(
		err_new(ERR_UNSUPPORTED,
			"cannot restore mapping %#" PRIx64 "-%#" PRIx64 " of task %d: %s", v->start,
			v->end, t->ns_pid, what),
		"restore this set with CRIU, or dump the program while it has no such mapping");
}

static struct err *check_range(const struct task *t, const VmaEntry *v)
{
	uint64_t align = vma_page_size(v);

	if (align > 1ULL << 30)
		return bad_vma(t, v, "its huge page size is impossible");
	if (v->start >= v->end || v->start % align || v->end % align || v->pgoff % MEM_PAGE)
		return bad_vma(t, v, "its addresses are impossible");
	if (v->end > MEM_TASK_END)
		return bad_vma(t, v, "it lies outside of the address space");
	if (v->pgoff > INT64_MAX - vma_len(v))
		return bad_vma(t, v, "its file offset is impossible");
	return NULL;
}

static struct err *check_kind(const struct task *t, const VmaEntry *v)
{
	uint32_t kind = v->status & VMA_KINDS;
	bool is_shared = kind & (VMA_FILE_SHARED | VMA_ANON_SHARED);

	if (!kind || kind & (kind - 1))
		return bad_vma(t, v, "it is not of one kind");
	if (is_shared != !!(v->flags & MAP_SHARED))
		return bad_vma(t, v, "status and flags contradict each other");
	if (v->flags & ~VMA_FLAGS || v->prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
		return bad_vma(t, v, "it has unknown flags");
	if (kind == VMA_ANON_PRIVATE && !(v->flags & MAP_ANONYMOUS))
		return bad_vma(t, v, "status and flags contradict each other");
	if ((kind & (VMA_FILE_PRIVATE | VMA_FILE_SHARED)) &&
	    (v->flags & (MAP_ANONYMOUS | MAP_GROWSDOWN)))
		return bad_vma(t, v, "status and flags contradict each other");
	if (v->flags & MAP_DROPPABLE && kind != VMA_ANON_PRIVATE)
		return bad_vma(t, v, "status and flags contradict each other");
	if (v->madv & ~(ADVICE_EARLY | ADVICE_LATE))
		return bad_vma(t, v, "it has unknown advice");
	if (v->shmid > UINT32_MAX)
		return bad_vma(t, v, "the id of its file or object is impossible");
	return NULL;
}

/* A key that the program does not hold is the kernel's own, of which there is one. */
static struct err *check_key(const struct task *t, const VmaEntry *v, struct mm *mm)
{
	if (!v->pkey || (v->pkey < MEM_NR_KEYS && mm->rec->pkeys & 1U << v->pkey))
		return NULL;
	if (v->pkey >= MEM_NR_KEYS || v->prot != PROT_EXEC ||
	    (mm->layout->exec_key && mm->layout->exec_key != v->pkey))
		return bad_vma(t, v, "its protection key is impossible");
	mm->layout->exec_key = v->pkey;
	return NULL;
}

static struct err *check_supported(const struct task *t, const VmaEntry *v)
{
	if (v->status & VMA_AREA_SHSTK)
		return refuse_vma(t, v, "shadow stacks are not supported yet");
	if (v->status & VMA_AREA_AIORING)
		return refuse_vma(t, v, "asynchronous I/O rings are not supported yet");
	if (v->status & VMA_AREA_SYSVIPC)
		return refuse_vma(t, v, "SysV shared memory is not supported yet");
	if (v->status & VMA_AREA_SOCKET)
		return refuse_vma(t, v, "packet socket rings are not supported yet");
	if (v->status & VMA_AREA_UPROBES)
		return refuse_vma(t, v, "uprobes are not supported yet");
	return NULL;
}

/* Guard entries lie inside ordinary ones, which are all known by then; both ascend. */
static struct err *check_guards(const struct task *t, const MmEntry *mm, size_t first)
{
	size_t host = 0;

	for (size_t i = first; i < mm->n_vmas; i++) {
		const VmaEntry *g = mm->vmas[i];

		if (!(g->status & VMA_AREA_GUARD))
			return bad_vma(t, g, "it is out of order");
		TRY(check_range(t, g));
		if (i > first && g->start < mm->vmas[i - 1]->end)
			return bad_vma(t, g, "it overlaps the one before");
		while (host < first && mm->vmas[host]->end <= g->start)
			host++;
		/* A guard range may span neighbours that were one mapping when it was made. */
		for (uint64_t pos = g->start, h = host; pos < g->end; pos = mm->vmas[h++]->end)
			if (h >= first || mm->vmas[h]->start > pos)
				return bad_vma(t, g, "it guards what is not mapped");
	}
	return NULL;
}

static struct err *check_vmas(const struct task *t, struct mm *mm)
{
	MmEntry *rec = mm->rec;
	uint64_t end = 0;
	size_t i;

	if (rec->pkeys & 1 || rec->pkeys >> MEM_NR_KEYS)
		return err_new(ERR_IMAGE, "mm-%d.img: protection keys %#x are impossible",
			       t->ns_pid, rec->pkeys);
	for (i = 0; i < rec->n_vmas && !(rec->vmas[i]->status & VMA_AREA_GUARD); i++) {
		VmaEntry *v = rec->vmas[i];

		v->status &= VMA_STATUS_STORED;
		if (v->status & VMA_AREA_VSYSCALL)
			continue;
		TRY(check_supported(t, v));
		TRY(check_range(t, v));
		if (v->start < end)
			return bad_vma(t, v, "it overlaps the one before or is out of order");
		end = v->end;
		if (!vma_is_vdso(v) && v->status & VMA_AREA_REGULAR)
			TRY(check_kind(t, v));
		TRY(check_key(t, v, mm));
	}
	mm->layout->nr_vmas = i;
	return check_guards(t, rec, i);
}

/*
 * What later code need not look at: entries that are not made, the vsyscall page, and the vDSO
 * areas, which are found by vdso_link() in the whole list.
 */
static bool vma_holds_pages(const VmaEntry *v)
{
	return v->status & VMA_AREA_REGULAR && !(v->status & VMA_AREA_VVAR) && vma_is_private(v);
}

/* Every stored page must have a place; both lists ascend. */
static struct err *check_pages(const struct task *t, const struct mm *mm)
{
	const struct page_source *src = mm->layout->pages;
	size_t v = 0;

	for (size_t i = 0; i < page_source_nr(src); i++) {
		struct page_extent e;
		uint64_t end;

		TRY(page_source_get((struct page_source *)src, i, &e));
		if (!(e.flags & PAGE_PRESENT))
			return err_hint(err_new(ERR_UNSUPPORTED,
						"cannot restore pages at %#" PRIx64
						" of task %d: they were left "
						"to a page server",
						e.start, t->ns_pid),
					"dump again without --lazy-pages");
		end = e.start + e.nr_pages * MEM_PAGE;
		for (uint64_t pos = e.start; pos < end; pos = mm->rec->vmas[v]->end) {
			while (v < mm->layout->nr_vmas && mm->rec->vmas[v]->end <= pos)
				v++;
			if (v == mm->layout->nr_vmas || mm->rec->vmas[v]->start > pos ||
			    !vma_holds_pages(mm->rec->vmas[v]))
				return err_new(ERR_IMAGE,
					       "cannot restore page %#" PRIx64
					       " of pagemap-%d.img: it is in no "
					       "private mapping of mm-%d.img",
					       pos, t->ns_pid, t->ns_pid);
		}
	}
	return NULL;
}

static struct err *read_task(struct restore *r, struct task *t)
{
	struct mm *mm = ARENA_NEW(r->arena, struct mm);

	mm->layout = ARENA_NEW(r->arena, struct mem_layout);
	TRY(IMAGE_READ(r->images, IMAGE_MM, t->ns_pid, r->arena, &mm->rec));
	TRY(check_vmas(t, mm));
	TRY(page_source_open(r->images, IMAGE_PAGEMAP, t->ns_pid, &mm->layout->pages));
	t->mm = mm;
	return check_pages(t, mm);
}

struct err *mem_restore_read(struct restore *r)
{
	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		if (r->tree.tasks[i]->state != TASK_DEAD)
			TRY(read_task(r, r->tree.tasks[i]));
	return NULL;
}
