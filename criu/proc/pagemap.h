/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_PAGEMAP_H
#define PROC_PAGEMAP_H

/*
 * /proc/PID/pagemap: one word for each page, and the PAGEMAP_SCAN ioctl (since 6.7), which gives
 * runs of pages instead.  Facts: admin-guide/mm/pagemap.rst of the kernel.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Bits of a word. */
#define PM_PRESENT (1ull << 63)
#define PM_SWAPPED (1ull << 62)
#define PM_FILE (1ull << 61)	  /* file page or shared anonymous memory */
#define PM_GUARD (1ull << 58)	  /* since 6.14 */
#define PM_UFFD_WP (1ull << 57)	  /* write-protected by userfaultfd */
#define PM_EXCLUSIVE (1ull << 56) /* mapped once only */
#define PM_SOFT_DIRTY (1ull << 55)
#define PM_PFN(word) ((word) & ((1ull << 55) - 1)) /* 0 without CAP_SYS_ADMIN */

/* O_RDONLY descriptor of DIRFD/pagemap. */
MUST_USE struct err *pagemap_open(int dirfd, int *fd_out);
/*
 * The words of @nr_pages pages from address @start; past the end of the address space is a failure.
 */
MUST_USE struct err *pagemap_read(int fd, uint64_t start, uint64_t nr_pages, uint64_t *words);

/*
 * The ABI of PAGEMAP_SCAN, written from the kernel's documentation since Debian 12's linux/fs.h
 * does not have it yet: _IOWR('f', 16, struct pm_scan_arg).
 */
enum {
	PMC_WPALLOWED = 1 << 0,
	PMC_WRITTEN = 1 << 1, /* since it was write-protected by userfaultfd in asynchronous mode */
	PMC_FILE = 1 << 2,
	PMC_PRESENT = 1 << 3,
	PMC_SWAPPED = 1 << 4,
	PMC_PFNZERO = 1 << 5, /* the zero page (wrong for the huge zero page before 6.16) */
	PMC_HUGE = 1 << 6,
	PMC_SOFT_DIRTY =
		1 << 7,	    /* since 6.8; reads as never set without soft-dirty in the kernel */
	PMC_GUARD = 1 << 8, /* since 6.16 */
};

enum {
	PM_SCAN_WRITE_PROTECT = 1 << 0, /* protect what matched, in the same walk */
	PM_SCAN_REQUIRE_WPASYNC =
		1 << 1, /* EPERM where userfaultfd's asynchronous mode is not armed */
};

struct pagemap_run {
	uint64_t start, end; /* addresses */
	uint64_t categories; /* PMC_* out of what was asked to be returned */
};

struct pagemap_scan {
	uint64_t start, end; /* addresses, page aligned */
	uint64_t flags;	     /* PM_SCAN_* */
	uint64_t max_pages;  /* 0: no limit */
	/*
	 * A page is returned when all of category_mask and (if it is not 0) one of category_anyof
	 * are set, each after flipping those in category_inverted.
	 */
	uint64_t category_inverted, category_mask, category_anyof;
	uint64_t return_mask;
};

/*
 * Fills @runs, ascending and coalesced where categories are equal, and sets *@walk_end_out to where
 * the walk ended: equal to scan->end when all was seen, else call again from there.  @nr_runs must
 * not be 0 (an empty vector made kernels of 2025 oops).  EINVAL for a category that the kernel does
 * not know.
 */
MUST_USE struct err *pagemap_scan(int fd, const struct pagemap_scan *scan, struct pagemap_run *runs,
				  size_t nr_runs, size_t *nr_out, uint64_t *walk_end_out);

#endif
