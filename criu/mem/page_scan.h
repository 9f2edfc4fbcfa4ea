/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_PAGE_SCAN_H
#define MEM_PAGE_SCAN_H

/*
 * Which private pages a task has: those that are present or swapped out, but neither the zero page nor a page of the
 * mapped file.  By PAGEMAP_SCAN where the kernel has it, else by reading the page map.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct kernel_features;
struct proc_maps;

struct page_range {
	uint64_t start, end; /* addresses */
	bool is_guard;	     /* MADV_GUARD_INSTALL: nothing is there, and touching it is a fault */
	bool is_clean;	     /* a tracker says: not written since the marks were cleared */
};

struct addr_range {
	uint64_t start, end;
	bool is_new; /* not watched before: all of it counts as written */
};

/* What a scan is to tell besides which pages there are, and what it does on the way. */
struct page_scan_how {
	bool soft_dirty; /* by bit 55 of the page map */
	bool written;	 /* by write protection of userfaultfd, within @watched */
	bool protect;	 /* with @written: what was written is protected anew, in the same walk */
	const struct addr_range *watched; /* ascending; lent until close */
	size_t nr_watched;
	pid_t pid; /* for the log */
};

struct page_scan;

/*
 * @dirfd is /proc/PID, @maps its mappings (lent until close).  Ranges come ascending.  A page is clean when every
 * tracker that is asked says so.
 */
MUST_USE struct err *page_scan_open(int dirfd, const struct kernel_features *kernel,
				    const struct proc_maps *maps, const struct page_scan_how *how,
				    struct page_scan **out);
/* *found_out is false behind the last one. */
MUST_USE struct err *page_scan_next(struct page_scan *s, struct page_range *out, bool *found_out);
void page_scan_close(struct page_scan *s);

static inline void cleanup_page_scan_(struct page_scan **s)
{
	page_scan_close(*s);
}
#define AUTO_PAGE_SCAN __attribute__((cleanup(cleanup_page_scan_)))

#endif
