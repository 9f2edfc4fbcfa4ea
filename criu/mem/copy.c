/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/copy.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/fd.h"
#include "mem/mm.h"

/* Stays in the second-level cache between reading, summing and writing. */
#define CHUNK_PAGES 128
#define CHUNK_BYTES (CHUNK_PAGES * MEM_PAGE)
/* Below this a second thread costs more than it brings. */
#define THREADS_MIN_PAGES 4096
#define NR_THREADS 2

struct copy {
	const struct page_plan *plan;
	struct page_sink *sink;
	pid_t host_pid;
	int mem_fd;
	atomic_ulong next_page; /* in the order of the file: the next chunk to be taken */
	_Atomic(struct err *) failure;
};

struct err *page_plan_add(struct page_plan *plan, struct page_sink *sink, uint64_t start,
			  uint64_t nr_pages)
{
	struct page_run *run;

	if (plan->nr == plan->cap) {
		size_t cap = plan->cap ? plan->cap * 2 : 64;
		struct page_run *runs = realloc(plan->runs, cap * sizeof(*runs));

		if (!runs)
			return err_sys(ENOMEM, "cannot plan %zu runs of pages", cap);
		plan->runs = runs;
		plan->cap = cap;
	}
	run = &plan->runs[plan->nr++];
	run->start = start;
	run->nr_pages = nr_pages;
	plan->nr_pages += nr_pages;
	return page_sink_run(sink, start, nr_pages, PAGE_PRESENT, &run->offset);
}

void page_plan_fini(struct page_plan *plan)
{
	free(plan->runs);
	*plan = (struct page_plan){ 0 };
}

/* The run that holds byte @offset of the file. */
static size_t find_run(const struct page_plan *plan, uint64_t offset)
{
	size_t low = 0, high = plan->nr;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (plan->runs[mid].offset <= offset)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/*
 * Through /proc/PID/mem, which also answers for areas without PROT_READ, and not by process_vm_readv(): that
 * pins pages, and the kernel gives a task a copy of its own of every pinned page it shares with a relative
 * since a fork.  A dump would take memory from the machine and undo the sharing of a tree that runs on.
 * (Both cost the same: 0.25 ms per MiB.)
 */
static struct err *read_pages(const struct copy *c, uint64_t offset, uint64_t len, uint8_t *buf)
{
	const struct page_plan *plan = c->plan;

	for (size_t i = find_run(plan, offset); len; i++) {
		const struct page_run *run = &plan->runs[i];
		uint64_t skip = offset - run->offset;
		uint64_t take = MIN(len, run->nr_pages * MEM_PAGE - skip);
		struct err *e = fd_pread_all(c->mem_fd, buf, take, (off_t)(run->start + skip));

		if (e)
			return err_context(e, "reading %lu bytes at %#lx of task %d", take,
					   run->start + skip, c->host_pid);
		buf += take;
		offset += take;
		len -= take;
	}
	return NULL;
}

static struct err *copy_chunk(const struct copy *c, uint64_t offset, uint64_t len, uint8_t *buf)
{
	uint64_t sums[CHUNK_PAGES];

	TRY(read_pages(c, offset, len, buf));
	page_sums(buf, len / MEM_PAGE, sums);
	TRY(page_sink_sums(c->sink, offset, len / MEM_PAGE, sums));
	return fd_pwrite_all(page_sink_fd(c->sink), buf, len, (off_t)offset);
}

static struct err *copy_chunks(struct copy *c)
{
	AUTO_FREE uint8_t *buf = NULL;

	if (posix_memalign((void **)&buf, MEM_PAGE, CHUNK_BYTES))
		return err_sys(ENOMEM, "cannot copy pages");
	while (!c->failure) {
		uint64_t page = atomic_fetch_add(&c->next_page, CHUNK_PAGES);

		if (page >= c->plan->nr_pages)
			break;
		TRY(copy_chunk(c, page * MEM_PAGE,
			       MIN(CHUNK_PAGES, c->plan->nr_pages - page) * MEM_PAGE, buf));
	}
	return NULL;
}

static void *copy_thread(void *arg)
{
	struct copy *c = arg;
	struct err *e = copy_chunks(c), *none = NULL;

	if (e && !atomic_compare_exchange_strong(&c->failure, &none, e))
		err_drop(e, "another thread has already reported");
	return NULL;
}

struct err *page_plan_copy(const struct page_plan *plan, struct page_sink *sink, pid_t host_pid,
			   int mem_fd)
{
	struct copy c = { .plan = plan, .sink = sink, .host_pid = host_pid, .mem_fd = mem_fd };
	pthread_t threads[NR_THREADS];
	size_t nr_threads = 0;

	while (plan->nr_pages >= THREADS_MIN_PAGES && nr_threads < NR_THREADS - 1)
		if (pthread_create(&threads[nr_threads], NULL, copy_thread, &c))
			break; /* then this thread does it all */
		else
			nr_threads++;
	copy_thread(&c);
	while (nr_threads)
		pthread_join(threads[--nr_threads], NULL);
	return c.failure;
}
