/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the pieces that were not inherited: at home when that is free, else in the lot.  A piece
 * that gets pages is made readable and writable; its own protection is set by the restorer.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "mem/restore_priv.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

/* What mmap is asked for; LOCKED comes last of all, in the restorer. */
#define MAP_KEPT \
	(MAP_SHARED | MAP_PRIVATE | MAP_DROPPABLE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_NORESERVE)
#define MAP_HUGE_BITS (MAP_HUGETLB | (0x3fU << MAP_HUGE_SHIFT))

enum { HUGE_PAGE = 2 << 20 };

struct mapper {
	struct worker *w;
	struct mem_layout *l;
	size_t extent; /* of the page source: the first that ends behind the piece looked at */
	/* The file opened last: neighbours are mostly parts of one file. */
	int fd;
	uint32_t fd_id;
	int fd_flags;
};

static struct err *map_error(const struct mapper *m, const struct piece *p, int errnum)
{
	struct err *e = err_sys(errnum, "cannot map %#" PRIx64 "-%#" PRIx64 " of task %d", p->start,
				p->end, m->w->task->ns_pid);
	const VmaEntry *v = m->w->task->mm->rec->vmas[p->vma];

	if (errnum == ENOMEM && v->flags & MAP_HUGETLB)
		return err_hint(e, "raise /proc/sys/vm/nr_hugepages");
	if (errnum == ENOMEM)
		return err_hint(e, "free memory, or raise /proc/sys/vm/max_map_count");
	return e;
}

static int open_mode(const VmaEntry *v)
{
	if (v->status & VMA_FILE_PRIVATE)
		return O_RDONLY;
	if (v->has_fdflags)
		return (v->fdflags & O_ACCMODE) == O_RDONLY ? O_RDONLY : O_RDWR;
	return v->prot & PROT_WRITE ? O_RDWR : O_RDONLY;
}

static void forget_fd(struct mapper *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	m->fd_flags = -1;
}

static struct err *reopen(struct mapper *m, int fd, int *fd_out)
{
	forget_fd(m);
	TRY(fd_open_at(AT_FDCWD, O_RDONLY | O_CLOEXEC, &m->fd, "/proc/self/fd/%d", fd));
	*fd_out = m->fd;
	return NULL;
}

static struct err *get_fd(struct mapper *m, const VmaEntry *v, int *fd_out)
{
	int flags = open_mode(v);

	if (v->status & (VMA_ANON_SHARED | VMA_AREA_MEMFD)) {
		const struct shared_object *o = shmem_find(m->w->restore, v);

		BUG_ON(!o);
		*fd_out = o->fd;
		/* Mapped from a descriptor without write access: mprotect must not give it. */
		return v->has_fdflags && flags == O_RDONLY ? reopen(m, o->fd, fd_out) : NULL;
	}
	if (m->fd < 0 || m->fd_id != v->shmid || m->fd_flags != flags) {
		forget_fd(m);
		TRY(m->w->restore->mem->hooks.open_file(m->w, (uint32_t)v->shmid, flags, &m->fd));
		m->fd_id = (uint32_t)v->shmid;
		m->fd_flags = flags;
	}
	*fd_out = m->fd;
	return NULL;
}

/* Whether the image has pages for a piece; pieces and extents ascend. */
static struct err *has_pages(struct mapper *m, const struct piece *p, bool *out)
{
	struct page_extent e;

	*out = false;
	for (; m->extent < page_source_nr(m->l->pages); m->extent++) {
		TRY(page_source_get(m->l->pages, m->extent, &e));
		if (e.start + e.nr_pages * MEM_PAGE > p->start) {
			*out = e.start < p->end;
			break;
		}
	}
	return NULL;
}

/*
 * A place in the lot, as far from a 2 MiB boundary as the home, so that huge pages stay possible,
 * and a page away from the next one, so that they do not become one area.
 */
static struct err *park(struct mapper *m, struct piece *p, uint64_t page_size)
{
	uint64_t len = p->end - p->start, align = MAX(page_size, (uint64_t)HUGE_PAGE), phase;

	if (len < align && page_size == MEM_PAGE)
		return lot_take(m->w->restore->mem, m->l, len + MEM_PAGE, MEM_PAGE, &p->at);
	phase = p->start & (align - 1);
	TRY(lot_take(m->w->restore->mem, m->l, phase + len + MEM_PAGE, align, &p->at));
	p->at += phase;
	return NULL;
}

static struct err *try_map(struct mapper *m, struct piece *p, int fd, int *errnum_out)
{
	const VmaEntry *v = m->w->task->mm->rec->vmas[p->vma];
	uint32_t flags = v->flags & MAP_KEPT;
	off_t off = 0;

	if (vma_is_vdso(v)) {
		flags = MAP_PRIVATE | MAP_ANONYMOUS;
	} else if (fd >= 0) {
		flags &= ~(uint32_t)MAP_ANONYMOUS;
		off = (off_t)(v->pgoff + (p->start - v->start));
	} else {
		flags |= v->flags & MAP_HUGE_BITS;
	}
	if (mmap((void *)(uintptr_t)p->at, p->end - p->start, (int)p->prot,
		 (int)flags | MAP_FIXED_NOREPLACE, fd, off) != MAP_FAILED) {
		*errnum_out = 0;
		return NULL;
	}
	*errnum_out = errno;
	return errno == EEXIST ? NULL : map_error(m, p, errno);
}

static struct err *advise_early(const struct mapper *m, const struct piece *p)
{
	const VmaEntry *v = m->w->task->mm->rec->vmas[p->vma];
	static const int advice[] = { MADV_HUGEPAGE, MADV_NOHUGEPAGE };

	for (size_t i = 0; i < ARRAY_SIZE(advice); i++)
		if (v->madv & 1ULL << advice[i] &&
		    madvise((void *)(uintptr_t)p->at, p->end - p->start, advice[i]))
			return err_sys(errno, "cannot give advice %d for %#" PRIx64 " of task %d",
				       advice[i], p->start, m->w->task->ns_pid);
	return NULL;
}

/*
 * Two areas of the image that lie next to each other and are equal would become one, as they are
 * not made in the way the program made them (bss and heap of a program without address
 * randomisation). An area that got its pages elsewhere keeps the page numbers of that place and
 * stays alone.  The lower one goes elsewhere: of heap and stack segments it is the upper end that
 * grows.
 */
static bool would_merge(const struct mapper *m, const struct piece *p)
{
	const MmEntry *rec = m->w->task->mm->rec;
	const VmaEntry *v = rec->vmas[p->vma], *next;

	if (p->vma + 1 >= m->l->nr_vmas || p->end != v->end)
		return false;
	next = rec->vmas[p->vma + 1];
	return next->start == v->end && !vma_is_vdso(v) && !vma_is_vdso(next) &&
	       v->status & next->status & VMA_ANON_PRIVATE && v->prot == next->prot &&
	       v->flags == next->flags && v->madv == next->madv && !(v->flags & MAP_HUGETLB) &&
	       vma_len(v) <= (m->w->restore->mem->lot_end - m->l->lot_next) / 4;
}

/*
 * The first area that can only be executed makes the kernel take a protection key for such areas,
 * for good.  The restorer sees to it that it is the right one.
 */
static uint32_t prot_until_keys(const struct mapper *m, const VmaEntry *v)
{
	return v->prot == PROT_EXEC && m->l->exec_key ? PROT_READ : v->prot;
}

static struct err *map_piece(struct mapper *m, struct piece *p)
{
	const VmaEntry *v = m->w->task->mm->rec->vmas[p->vma];
	int fd = -1, errnum = EEXIST;
	bool is_filled;

	TRY(has_pages(m, p, &is_filled));
	p->prot = prot_until_keys(m, v);
	if (is_filled && (v->prot & (PROT_READ | PROT_WRITE)) != (PROT_READ | PROT_WRITE))
		p->prot = PROT_READ | PROT_WRITE;
	if (!(v->status & (VMA_ANON_PRIVATE | VMA_AREA_VDSO | VMA_AREA_VVAR)))
		TRY(get_fd(m, v, &fd));
	p->at = p->start;
	if (!is_filled || !would_merge(m, p))
		TRY(try_map(m, p, fd, &errnum));
	while (errnum) {
		TRY(park(m, p, vma_page_size(v)));
		TRY(try_map(m, p, fd, &errnum));
	}
	return v->madv ? advise_early(m, p) : NULL;
}

struct err *piece_open(struct worker *w, struct piece *p)
{
	if ((p->prot & (PROT_READ | PROT_WRITE)) == (PROT_READ | PROT_WRITE))
		return NULL;
	if (mprotect((void *)(uintptr_t)p->at, p->end - p->start, PROT_READ | PROT_WRITE))
		return err_sys(errno, "cannot make %#" PRIx64 " of task %d writable", p->start,
			       w->task->ns_pid);
	p->prot = PROT_READ | PROT_WRITE;
	return NULL;
}

static struct err *map_all(struct mapper *m)
{
	for (size_t i = 0; i < m->l->nr_pieces; i++)
		if (!m->l->pieces[i].is_inherited)
			TRY(map_piece(m, &m->l->pieces[i]));
	return NULL;
}

struct err *map_areas(struct worker *w)
{
	struct mapper m = { .w = w, .l = w->task->mm->layout, .fd = -1 };
	struct err *e = map_all(&m);

	forget_fd(&m);
	return e;
}

struct err *mem_restore_worker(struct worker *w)
{
	struct mem_restore *m = w->restore->mem;

	TRY(inherit_areas(w));
	TRY(split_large(w));
	TRY(map_areas(w));
	TRY(fill_areas(w));
	w->task->mm->layout->lot_parked = w->task->mm->layout->lot_next;
	TRY(vdso_place(w));
	m->current = w->task->mm->layout;
	m->current_mm = w->task->mm;
	return NULL;
}

struct mem_counters mem_restore_counters(const struct worker *w)
{
	return w->task->mm->layout->counters;
}
