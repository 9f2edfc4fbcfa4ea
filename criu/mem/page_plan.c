// SPDX-License-Identifier: GPL-2.0-only
#include "mem/page_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

/* 384 KiB; beyond, runs are in the file. */
#define HEAP_RUNS 16384

void page_plan_init(struct page_plan *plan, int dirfd)
{
	*plan = (struct page_plan){ .dirfd = dirfd, .fd = -1 };
}

void page_plan_fini(struct page_plan *plan)
{
	free(PTR_TAKE(plan->runs));
	if (plan->fd >= 0)
		close(fd_take(&plan->fd));
}

size_t page_plan_nr(const struct page_plan *plan)
{
	return plan->nr_spooled + plan->nr_heap;
}

static struct err *plan_spool(struct page_plan *plan)
{
	if (plan->fd < 0)
		plan->fd = openat(plan->dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (plan->fd < 0)
		plan->fd = memfd_create("criu-lite plan", MFD_CLOEXEC);
	if (plan->fd < 0)
		return err_sys(errno, "cannot make a file for %zu runs of pages",
			       page_plan_nr(plan));
	TRY(fd_pwrite_all(plan->fd, plan->runs, plan->nr_heap * sizeof(*plan->runs),
			  (off_t)(plan->nr_spooled * sizeof(*plan->runs))));
	plan->nr_spooled += plan->nr_heap;
	plan->nr_heap = 0;
	return NULL;
}

static struct err *plan_grow(struct page_plan *plan)
{
	size_t room = plan->nr_heap ? plan->nr_heap * 2 : 64;
	struct page_run *runs;

	if (plan->nr_heap == HEAP_RUNS)
		return plan_spool(plan);
	/* Powers of two from 64 on, so the number tells when it is full. */
	if (plan->nr_heap & (plan->nr_heap - 1) || (plan->nr_heap && plan->nr_heap < 64) ||
	    plan->nr_spooled)
		return NULL;
	runs = realloc(plan->runs, room * sizeof(*runs));
	if (!runs)
		return err_sys(ENOMEM, "cannot plan %zu runs of pages", room);
	plan->runs = runs;
	return NULL;
}

struct err *page_plan_add(struct page_plan *plan, struct page_sink *sink, uint64_t start,
			  uint64_t nr_pages)
{
	struct page_run *run;

	TRY(plan_grow(plan));
	run = &plan->runs[plan->nr_heap++];
	run->start = start;
	run->nr_pages = nr_pages;
	plan->nr_pages += nr_pages;
	return page_sink_run(sink, start, nr_pages, PAGE_PRESENT, &run->offset);
}

struct err *page_plan_get(const struct page_plan *plan, size_t i, struct page_run *out)
{
	if (i < plan->nr_spooled)
		return fd_pread_all(plan->fd, out, sizeof(*out), (off_t)(i * sizeof(*out)));
	*out = plan->runs[i - plan->nr_spooled];
	return NULL;
}

struct err *page_plan_find(const struct page_plan *plan, uint64_t offset, size_t *out)
{
	size_t low = 0, high = page_plan_nr(plan);

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;
		struct page_run run;

		TRY(page_plan_get(plan, mid, &run));
		if (run.offset <= offset)
			low = mid;
		else
			high = mid;
	}
	*out = low;
	return NULL;
}
