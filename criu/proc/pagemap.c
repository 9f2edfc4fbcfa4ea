// SPDX-License-Identifier: GPL-2.0-only
#include "proc/pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proc/read_priv.h"

enum { PAGE_SHIFT = 12, WORD_BYTES = 8 };

/* struct pm_scan_arg of the kernel's documentation (admin-guide/mm/pagemap.rst). */
struct pm_scan_abi {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t vec;
	uint64_t vec_len;
	uint64_t max_pages;
	uint64_t category_inverted;
	uint64_t category_mask;
	uint64_t category_anyof_mask;
	uint64_t return_mask;
};

_Static_assert(sizeof(struct pm_scan_abi) == 96, "the kernel checks the size");
_Static_assert(sizeof(struct pagemap_run) == 24, "struct page_region of the kernel");

#define PAGEMAP_SCAN_NR _IOWR('f', 16, struct pm_scan_abi)

struct err *pagemap_open(int dirfd, int *fd_out)
{
	return proc_open_file(dirfd, "pagemap", O_RDONLY, fd_out);
}

struct err *pagemap_read(int fd, uint64_t start, uint64_t nr_pages, uint64_t *words)
{
	uint64_t pos = (start >> PAGE_SHIFT) * WORD_BYTES, len = nr_pages * WORD_BYTES, done = 0;

	BUG_ON(nr_pages > UINT64_MAX / WORD_BYTES / 2);
	while (done < len) {
		ssize_t n = pread(fd, (char *)words + done, len - done, (off_t)(pos + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(errno, "cannot read the page map at %#lx", start);
		/* The address space of a task that ended is empty. */
		if (n == 0)
			return err_sys(ESRCH, "cannot read the page map at %#lx", start);
		done += (uint64_t)n;
	}
	return NULL;
}

/*
 * The kernel walks in batches of 512 runs and sets walk_end only where a batch filled up: after a
 * last batch that did not, it is that of an earlier one, with runs behind it (seen on 6.18).
 */
static uint64_t scan_end(const struct pagemap_scan *scan, const struct pm_scan_abi *arg,
			 const struct pagemap_run *runs, size_t nr)
{
	if (nr < arg->vec_len && !scan->max_pages)
		return scan->end;
	return nr ? MAX(arg->walk_end, runs[nr - 1].end) : arg->walk_end;
}

struct err *pagemap_scan(int fd, const struct pagemap_scan *scan, struct pagemap_run *runs,
			 size_t nr_runs, size_t *nr_out, uint64_t *walk_end_out)
{
	struct pm_scan_abi arg = {
		.size = sizeof(arg),
		.flags = scan->flags,
		.start = scan->start,
		.end = scan->end,
		.vec = (uint64_t)(uintptr_t)runs,
		.vec_len = nr_runs,
		.max_pages = scan->max_pages,
		.category_inverted = scan->category_inverted,
		.category_mask = scan->category_mask,
		.category_anyof_mask = scan->category_anyof,
		.return_mask = scan->return_mask,
	};
	int n;

	BUG_ON(!runs || !nr_runs);
	/* EINTR comes with fatal signals only, so there is no retry. */
	n = ioctl(fd, PAGEMAP_SCAN_NR, &arg);
	if (n < 0)
		return err_sys(errno, "cannot scan the page map from %#lx to %#lx", scan->start,
			       scan->end);
	*nr_out = (size_t)n;
	*walk_end_out = scan_end(scan, &arg, runs, (size_t)n);
	return NULL;
}
