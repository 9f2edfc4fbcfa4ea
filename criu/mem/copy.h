/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_COPY_H
#define MEM_COPY_H

/*
 * Copies planned pages from a stopped task into its pages file, with their sums.  Present runs lie one behind the other in
 * the file, so a chunk of the file is read, summed and written while its bytes are in the cache.  Large plans are
 * shared by two threads.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/progress.h"
#include "image/pages.h"

struct proc_maps;

struct page_run {
	uint64_t start; /* address in the task */
	uint64_t nr_pages;
	uint64_t offset; /* of its bytes in the pages file */
};

/*
 * Runs ascend by address and offset, without gaps between offsets.  The last ones added are on the heap, those before
 * in a file without a name: a plan does not grow with the memory it is about.
 */
struct page_plan {
	struct page_run *runs; /* heap */
	size_t nr_heap;
	size_t nr_spooled;
	int dirfd; /* where the file may be made; lent */
	int fd;	   /* the file, or -1 */
	uint64_t nr_pages;
};

void page_plan_init(struct page_plan *plan, int dirfd);
/* Adds a present run to the sink and the plan. */
MUST_USE struct err *page_plan_add(struct page_plan *plan, struct page_sink *sink, uint64_t start,
				   uint64_t nr_pages);
size_t page_plan_nr(const struct page_plan *plan);
void page_plan_fini(struct page_plan *plan);

/* Where pages come from, and how. */
struct page_copy_from {
	pid_t host_pid;
	int mem_fd; /* /proc/PID/mem, or a file whose offsets are the addresses (then host_pid is 0) */
	/*
	 * From smaps: tells what other tasks may map too, since a fork, and must not be pinned.  NULL: all of it.
	 */
	const struct proc_maps *maps;
	/*
	 * The task runs: a page that went away meanwhile is written as zeros (the next dump sees that it changed), and
	 * one thread has to do, for the program wants to run too.
	 */
	bool is_running;
	struct progress *progress; /* told of each chunk; or NULL */
};
/* @nr_zero_io: adds how many of them are all zeros; they take no room in the file. */
MUST_USE struct err *page_plan_copy(const struct page_plan *plan, struct page_sink *sink,
				    const struct page_copy_from *from, uint64_t *nr_zero_io);

#endif
