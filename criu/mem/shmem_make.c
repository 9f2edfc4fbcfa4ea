/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes, fills and seals the shared memory objects that shmem.c has found. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/progress.h"
#include "image/dir.h"
#include "mem/restore_priv.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

enum { BUF_PAGES = 64 };

static bool is_plain(const struct shared_object *o)
{
	return !o->memfd ||
	       (!strcmp(o->memfd->name, "/dev/zero") && !(o->memfd->seals & ~F_SEAL_SEAL));
}

/* The file behind a mapping of shared anonymous memory, which has no other name. */
static struct err *make_plain(struct shared_object *o)
{
	uint64_t page = o->map_flags & MAP_HUGETLB || (o->memfd && o->memfd->hugetlb_flag) ?
				2 << 20 :
				MEM_PAGE;
	uint32_t huge = o->map_flags;
	struct err *e;
	void *at;

	if (o->memfd && o->memfd->has_hugetlb_flag && o->memfd->hugetlb_flag)
		huge |= MAP_HUGETLB | (o->memfd->hugetlb_flag & (0x3fU << MAP_HUGE_SHIFT));
	if (huge >> MAP_HUGE_SHIFT & 0x3f)
		page = 1ULL << (huge >> MAP_HUGE_SHIFT & 0x3f);
	o->len = MAX((o->len + page - 1) & ~(page - 1), page);
	at = mmap(NULL, o->len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | (int)huge, -1,
		  0);
	if (at == MAP_FAILED)
		return err_sys(errno, "cannot make shared memory %u of %" PRIu64 " bytes", o->id,
			       o->len);
	e = fd_open_at(AT_FDCWD, O_RDWR | O_CLOEXEC, &o->fd, "/proc/self/map_files/%lx-%lx",
		       (unsigned long)at, (unsigned long)at + o->len);
	munmap(at, o->len);
	return err_context(e, "shared memory %u", o->id);
}

static struct err *make_memfd(struct shared_object *o)
{
	const MemfdInodeEntry *e = o->memfd;
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING |
			     (e->has_hugetlb_flag ? e->hugetlb_flag : 0);

	o->fd = memfd_create(e->name, flags | MFD_EXEC);
	if (o->fd < 0 && errno == EINVAL)
		o->fd = memfd_create(e->name, flags); /* before 6.3 all are executable */
	if (o->fd < 0)
		return err_sys(errno, "cannot make memfd \"%s\"", e->name);
	if (ftruncate(o->fd, (off_t)e->size))
		return err_sys(errno, "cannot make memfd \"%s\" %" PRIu64 " bytes long", e->name,
			       e->size);
	if (fchown(o->fd, e->uid, e->gid) || (e->has_mode && fchmod(o->fd, e->mode & 07777)))
		return err_sys(errno, "cannot set owner and mode of memfd \"%s\"", e->name);
	return NULL;
}

/* What is in the image must lie in the object. */
static struct err *check_extent(const struct shared_object *o, const struct page_extent *e)
{
	uint64_t end = (o->len + MEM_PAGE - 1) & ~(MEM_PAGE - 1);

	if (!(e->flags & PAGE_PRESENT) || e->start >= end ||
	    e->nr_pages > (end - e->start) / MEM_PAGE)
		return err_new(ERR_IMAGE,
			       "cannot restore page %#" PRIx64
			       " of pagemap-shmem-%u.img: it lies behind the end",
			       e->start, o->id);
	return NULL;
}

/* Huge pages cannot be written with write(2). */
static struct err *fill_mapped(struct filler *f, const struct page_extent *e, char *at)
{
	return filler_add(f, e, 0, e->nr_pages, at + e->start);
}

/*
 * Through a buffer that stays in the CPU's cache: other than by a fault, a page that is written as
 * a whole is not cleared before, which saves more than the second copy costs.
 */
static struct err *fill_written(struct filler *f, const struct shared_object *o,
				const struct page_extent *e, char *buf)
{
	for (uint64_t done = 0; done < e->nr_pages; done += BUF_PAGES) {
		uint64_t n = MIN(e->nr_pages - done, (uint64_t)BUF_PAGES);
		uint64_t pos = e->start + done * MEM_PAGE;

		TRY(filler_add(f, e, done, n, buf));
		TRY(filler_flush(f));
		/* The last page may reach over the end. */
		TRY(fd_pwrite_all(o->fd, buf, MIN(n * MEM_PAGE, o->len - pos), (off_t)pos));
	}
	return NULL;
}

static struct err *fill_all(struct restore *r, struct page_source *src,
			    const struct shared_object *o, char *at, bool is_mapped)
{
	AUTO_FILLER *filler = NULL;

	TRY(filler_new(src, r->progress, &filler));
	for (size_t i = 0; i < page_source_nr(src); i++) {
		struct page_extent e;
		bool found;

		TRY(page_source_get(src, i, &e));
		TRY(check_extent(o, &e));
		TRY(page_source_find(src, e.start, &e, &found));
		TRY(is_mapped ? fill_mapped(filler, &e, at) : fill_written(filler, o, &e, at));
	}
	return filler_flush(filler);
}

static bool is_huge(const struct shared_object *o)
{
	return o->map_flags & MAP_HUGETLB ||
	       (o->memfd && o->memfd->has_hugetlb_flag && o->memfd->hugetlb_flag);
}

static struct err *fill_from(struct restore *r, struct page_source *src,
			     const struct shared_object *o)
{
	bool is_mapped = is_huge(o);
	size_t len = is_mapped ? o->len : (size_t)BUF_PAGES * MEM_PAGE;
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
			is_mapped ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS,
			is_mapped ? o->fd : -1, 0);
	struct err *e;

	if (at == MAP_FAILED)
		return err_sys(errno, "cannot map %zu bytes", len);
	progress_expect(r->progress, (int64_t)page_source_nr_pages(src));
	e = fill_all(r, src, o, at, is_mapped);
	munmap(at, len);
	return e;
}

static struct err *fill_object(struct restore *r, const struct shared_object *o)
{
	struct page_source *src;
	struct err *e;

	if (!o->len || !image_exists(r->images, IMAGE_PAGEMAP_SHMEM, o->id))
		return NULL; /* never touched */
	TRY(page_source_open(r->images, IMAGE_PAGEMAP_SHMEM, o->id, &src));
	e = fill_from(r, src, o);
	page_source_close(src);
	return err_context(e, "shared memory %u", o->id);
}

static struct err *make_object(struct restore *r, struct shared_object *o)
{
	int floor = r->mem->hooks.fd_floor(r);

	TRY(is_plain(o) ? make_plain(o) : make_memfd(o));
	TRY(fill_object(r, o));
	if (!is_plain(o) && o->memfd->seals & ~LATE_SEALS &&
	    fcntl(o->fd, F_ADD_SEALS, o->memfd->seals & ~LATE_SEALS))
		return err_sys(errno, "cannot seal memfd \"%s\"", o->memfd->name);
	return fd_move_up(&o->fd, floor);
}

struct err *mem_restore_prepare(struct restore *r)
{
	for (size_t i = 0; i < r->mem->nr_objects; i++)
		TRY(make_object(r, &r->mem->objects[i]));
	return NULL;
}

struct err *mem_restore_seal(struct restore *r)
{
	for (size_t i = 0; i < r->mem->nr_objects; i++) {
		const struct shared_object *o = &r->mem->objects[i];

		if (!is_plain(o) && o->memfd->seals & LATE_SEALS &&
		    fcntl(o->fd, F_ADD_SEALS, o->memfd->seals & LATE_SEALS))
			return err_sys(errno, "cannot seal memfd \"%s\"", o->memfd->name);
	}
	return NULL;
}

void shmem_drop(struct mem_restore *m)
{
	for (size_t i = 0; i < m->nr_objects; i++) {
		cleanup_fd_(&m->objects[i].fd);
		m->objects[i].fd = -1;
	}
}
