/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_COPY_H
#define MEM_COPY_H

/*
 * Copies planned pages from a task, stopped or let run since, into its pages file, with their sums.  Present runs lie
 * one behind the other in the file, so a chunk of the file is read, summed and written while its bytes are in the cache.
 * Large plans are shared by two threads.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/progress.h"
#include "mem/page_plan.h"

/* Where pages come from, and how. */
struct page_copy_from {
	pid_t host_pid;
	int mem_fd; /* /proc/PID/mem, or a file whose offsets are the addresses (then host_pid is 0) */
	/*
	 * The task runs: a page that went away meanwhile is written as zeros (the next dump sees that it changed), and
	 * one thread has to do, for the program wants to run too.
	 */
	bool is_running;
	int pagemap_fd;		   /* then: /proc/PID/pagemap, opened while it was stopped */
	struct progress *progress; /* told of each chunk; or NULL */
};
/* @nr_zero_io: adds how many of them are all zeros; they take no room in the file. */
MUST_USE struct err *page_plan_copy(const struct page_plan *plan, struct page_sink *sink,
				    const struct page_copy_from *from, uint64_t *nr_zero_io);

#endif
