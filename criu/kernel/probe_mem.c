// SPDX-License-Identifier: GPL-2.0-only
/* What the memory management can do. */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/prctl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

#include "kernel/features.h"
#include "kernel/probe_priv.h"
#include "proc/pagemap.h"
#include "proc/pid.h"

enum {
	PAGE = 4096,
	HUGE_PAGE = 2 << 20,
	/* Numbers that the headers of Debian 12 lack. */
	ADVICE_GUARD_INSTALL = 102, /* MADV_GUARD_INSTALL */
	FLAG_DROPPABLE = 0x08,	    /* MAP_DROPPABLE */
	CALL_MSEAL = 462,
	UFFD_WP_ASYNC_BIT = 1 << 15,
	UFFD_NONCOOP_BITS = UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP |
			    UFFD_FEATURE_EVENT_UNMAP | UFFD_FEATURE_EVENT_REMOVE,
};

#ifndef ARCH_MAP_VDSO_64
#define ARCH_MAP_VDSO_64 0x2003
#endif

static void *map_pages(size_t len)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static bool open_own_pagemap(struct feature_probe *p, int *fd)
{
	*fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	return *fd >= 0 || probe_errno(p);
}

/*
 * Scans one page for one category; what the kernel does not know is EINVAL, or ENOTTY for the whole
 * call.
 */
static bool scan_page(struct feature_probe *p, void *page, uint64_t category, size_t *nr)
{
	struct pagemap_scan scan = {
		.start = (uint64_t)(uintptr_t)page,
		.end = (uint64_t)(uintptr_t)page + PAGE,
		.category_mask = category,
		.return_mask = category,
	};
	struct pagemap_run runs[2];
	uint64_t walk_end;
	AUTO_FD fd = -1;
	struct err *e;

	if (!open_own_pagemap(p, &fd))
		return false;
	e = pagemap_scan(fd, &scan, runs, ARRAY_SIZE(runs), nr, &walk_end);
	if (!e)
		return true;
	probe_no(p, "%s", strerror(err_errno(e)));
	err_drop(e, "the feature is missing");
	return false;
}

bool probe_pagemap_scan(struct feature_probe *p)
{
	char *page = map_pages(PAGE);
	size_t nr = 0;
	bool ok;

	if (!page)
		return probe_errno(p);
	page[0] = 1;
	ok = scan_page(p, page, PMC_PRESENT, &nr) &&
	     (nr == 1 || probe_no(p, "a page is not found"));
	munmap(page, PAGE);
	return ok;
}

bool probe_guard_pages(struct feature_probe *p)
{
	char *page = map_pages(PAGE);
	bool ok;

	if (!page)
		return probe_errno(p);
	ok = !madvise(page, PAGE, ADVICE_GUARD_INSTALL) || probe_errno(p);
	munmap(page, PAGE);
	return ok;
}

bool probe_pagemap_scan_guard(struct feature_probe *p)
{
	char *page = map_pages(PAGE);
	size_t nr = 0;
	bool ok;

	if (!page)
		return probe_errno(p);
	ok = (!madvise(page, PAGE, ADVICE_GUARD_INSTALL) || probe_errno(p)) &&
	     scan_page(p, page, PMC_GUARD, &nr) &&
	     (nr == 1 || probe_no(p, "a guard page is not found"));
	munmap(page, PAGE);
	return ok;
}

static struct err *soft_dirty_round_trip(volatile char *page, bool *ok)
{
	uint64_t cleared, written;
	AUTO_FD clear = -1, map = -1, dirfd = -1;

	TRY(proc_open(getpid(), &dirfd));
	TRY(pagemap_open(dirfd, &map));
	TRY(fd_open_at(dirfd, O_WRONLY, &clear, "clear_refs"));
	page[0] = 1;
	TRY(fd_write_all(clear, "4", 1));
	TRY(pagemap_read(map, (uint64_t)(uintptr_t)page, 1, &cleared));
	page[0] = 2;
	TRY(pagemap_read(map, (uint64_t)(uintptr_t)page, 1, &written));
	*ok = !(cleared & PM_SOFT_DIRTY) && (written & PM_SOFT_DIRTY);
	return NULL;
}

/* Kernels without it take the command to clear and say nothing, so only a write and a look tell. */
bool probe_soft_dirty(struct feature_probe *p)
{
	volatile char *page = map_pages(PAGE);
	bool ok = false;
	struct err *e;

	if (!page)
		return probe_errno(p);
	e = soft_dirty_round_trip(page, &ok);
	if (e)
		probe_no(p, "%s", err_message(e));
	else if (!ok)
		probe_no(p, "the bits do not follow writes");
	err_drop(e, "the feature is missing");
	munmap((void *)page, PAGE);
	return ok;
}

/* Writes a page, clears its mark, moves the page table that it is in, and looks again. */
static struct err *move_table(char *from, char *to, bool *is_marked)
{
	AUTO_FD clear = -1, map = -1, dirfd = -1;
	uint64_t word;
	char *moved;

	TRY(proc_open(getpid(), &dirfd));
	TRY(pagemap_open(dirfd, &map));
	TRY(fd_open_at(dirfd, O_WRONLY, &clear, "clear_refs"));
	from[0] = 1;
	TRY(fd_write_all(clear, "4", 1));
	moved = mremap(from, HUGE_PAGE, HUGE_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (moved == MAP_FAILED)
		return err_sys(errno, "cannot move memory");
	TRY(pagemap_read(map, (uint64_t)(uintptr_t)to, 1, &word));
	*is_marked = word & PM_SOFT_DIRTY;
	return NULL;
}

bool probe_soft_dirty_moves(struct feature_probe *p)
{
	size_t len = 4 * HUGE_PAGE;
	char *at = map_pages(len), *from, *to;
	bool ok = false;
	struct err *e;

	if (!at)
		return probe_errno(p);
	from = (char *)(((uintptr_t)at + HUGE_PAGE - 1) & ~((uintptr_t)HUGE_PAGE - 1));
	to = from + HUGE_PAGE;
	/* One huge page would be moved singly, and marked. */
	madvise(at, len, MADV_NOHUGEPAGE);
	e = move_table(from, to, &ok);
	if (e)
		probe_no(p, "%s", err_message(e));
	else if (!ok)
		probe_no(p, "moved pages have no mark");
	err_drop(e, "the feature is missing");
	munmap(at, len);
	return ok;
}

static bool uffd_features(struct feature_probe *p, uint64_t *features)
{
	struct uffdio_api api = { .api = UFFD_API };
	AUTO_FD fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		return probe_errno(p);
	*features = api.features;
	return true;
}

bool probe_uffd(struct feature_probe *p)
{
	uint64_t features;

	return uffd_features(p, &features);
}

static bool uffd_has(struct feature_probe *p, uint64_t wanted)
{
	uint64_t features;

	if (!uffd_features(p, &features))
		return false;
	return (features & wanted) == wanted || probe_no(p, "features are %#lx", features);
}

bool probe_uffd_noncoop(struct feature_probe *p)
{
	return uffd_has(p, UFFD_NONCOOP_BITS);
}

bool probe_uffd_wp_async(struct feature_probe *p)
{
	return uffd_has(p, UFFD_WP_ASYNC_BIT);
}

bool probe_set_mm_map(struct feature_probe *p)
{
	unsigned int size = 0;

	if (prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0))
		return probe_errno(p);
	return size >= sizeof(struct prctl_mm_map) || probe_no(p, "its size is %u", size);
}

bool probe_memfd(struct feature_probe *p)
{
	AUTO_FD fd = memfd_create("probe", MFD_CLOEXEC);

	return fd >= 0 || probe_errno(p);
}

bool probe_memfd_hugetlb(struct feature_probe *p)
{
	AUTO_FD fd = memfd_create("probe", MFD_CLOEXEC | MFD_HUGETLB);

	return fd >= 0 || probe_errno(p);
}

bool probe_hugetlb(struct feature_probe *p)
{
	void *at = mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (at == MAP_FAILED)
		return probe_errno(p);
	munmap(at, HUGE_PAGE);
	return true;
}

/* A second vDSO would confuse libc here, so a child takes it. */
bool probe_map_vdso(struct feature_probe *p)
{
#ifdef __x86_64__
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* EEXIST: there is one already; a kernel without the call says EINVAL. */
		long ret = syscall(SYS_arch_prctl, ARCH_MAP_VDSO_64, 0x100000000ul);

		_exit(ret >= 0 || errno == EEXIST ? 0 : errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return probe_errno(p);
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	return !errno || probe_errno(p);
#else
	return probe_no(p, "not on this CPU");
#endif
}

bool probe_map_droppable(struct feature_probe *p)
{
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, FLAG_DROPPABLE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return probe_errno(p);
	munmap(at, PAGE);
	return true;
}

bool probe_mseal(struct feature_probe *p)
{
	/* No length: nothing is sealed. */
	return !syscall(CALL_MSEAL, 0ul, 0ul, 0ul) || probe_errno(p);
}

/*
 * The ring of an AIO context is its name: after a move the kernel must know it by the new address.
 */
bool probe_aio_remap(struct feature_probe *p)
{
	aio_context_t ctx = 0;
	void *to, *moved;
	bool ok;

	if (syscall(SYS_io_setup, 1, &ctx))
		return probe_errno(p);
	to = map_pages(PAGE);
	moved = to ? mremap((void *)ctx, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) :
		     MAP_FAILED;
	if (moved != MAP_FAILED)
		ctx = (aio_context_t)moved;
	ok = !syscall(SYS_io_destroy, ctx) && moved != MAP_FAILED;
	return ok || probe_errno(p);
}
