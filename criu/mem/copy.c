/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "mem/mm.h"
#include "proc/pagemap.h"

/* Stays in the second-level cache between reading, summing and writing. */
#define CHUNK_PAGES 128
#define CHUNK_BYTES (CHUNK_PAGES * MEM_PAGE)
/* Below this a second thread costs more than it brings. */
#define THREADS_MIN_PAGES 4096
#define NR_THREADS 2

struct copy {
	const struct page_plan *plan;
	struct page_sink *sink;
	struct page_copy_from from;
	atomic_ulong nr_zero;
	atomic_ulong next_page; /* in the order of the file: the next chunk to be taken */
	_Atomic(struct err *) failure;
};

/* --- reading --- */

/*
 * By /proc/PID/mem, and never by process_vm_readv(), which needs a third less time: that one pins pages, and for
 * a pinned page that is shared since a fork the kernel makes the task a copy of its own, whose page table entry is
 * clean (wp_page_copy() for FAULT_FLAG_UNSHARE).  Not only is the sharing undone: if a later child does MADV_FREE on its
 * mapping of that copy, reclaim takes it from the parent as well, which reads zeros then (seen on 6.1 and 6.18).
 */
static struct err *read_mem(const struct copy *c, uint64_t addr, uint64_t len, uint8_t *buf)
{
	return err_context(fd_pread_all(c->from.mem_fd, buf, len, (off_t)addr),
			   "reading %lu bytes at %#lx of task %d", len, addr, c->from.host_pid);
}

/*
 * Which pages of a running task are there.  What is not there is not read: below an area that grows downwards
 * (MAP_GROWSDOWN, a stack) a read of /proc/PID/mem maps again what was unmapped, and that stays.
 */
static struct err *look_at_running(const struct copy *c, uint64_t addr, size_t nr, uint64_t *words)
{
	struct err *e = pagemap_read(c->from.pagemap_fd, addr, nr, words);

	if (!e || err_code(e) != ERR_GONE)
		return err_context(e, "task %d", c->from.host_pid);
	err_drop(e, "its address space has ended");
	memset(words, 0, nr * sizeof(*words));
	return NULL;
}

static struct err *read_page_of_running(const struct copy *c, uint64_t addr, uint8_t *buf)
{
	uint64_t word;
	ssize_t n = 0;

	TRY(look_at_running(c, addr, 1, &word));
	if (word & (PM_PRESENT | PM_SWAPPED))
		n = pread(c->from.mem_fd, buf, MEM_PAGE, (off_t)addr);
	if (n == (ssize_t)MEM_PAGE)
		return NULL;
	/* It may be unmapped between the two. */
	if (n < 0 && errno != EIO && errno != EFAULT)
		return err_sys(errno, "cannot read a page at %#lx of task %d", addr,
			       c->from.host_pid);
	memset(buf, 0, MEM_PAGE);
	return NULL;
}

static struct err *read_stretch(const struct copy *c, uint64_t addr, uint64_t len, bool is_there,
				uint8_t *buf)
{
	struct err *e;

	if (!is_there) {
		memset(buf, 0, len);
		return NULL;
	}
	e = read_mem(c, addr, len, buf);
	if (!e)
		return NULL;
	err_drop(e, "the program may have unmapped some of it");
	for (uint64_t at = 0; at < len; at += MEM_PAGE)
		TRY(read_page_of_running(c, addr + at, buf + at));
	return NULL;
}

static struct err *read_of_running(const struct copy *c, uint64_t addr, uint64_t len, uint8_t *buf)
{
	uint64_t words[CHUNK_PAGES];
	size_t nr = len / MEM_PAGE;

	BUG_ON(nr > CHUNK_PAGES);
	TRY(look_at_running(c, addr, nr, words));
	for (size_t first = 0, end; first < nr; first = end) {
		bool is_there = words[first] & (PM_PRESENT | PM_SWAPPED);

		for (end = first + 1; end < nr; end++)
			if (!(words[end] & (PM_PRESENT | PM_SWAPPED)) == is_there)
				break;
		TRY(read_stretch(c, addr + first * MEM_PAGE, (end - first) * MEM_PAGE, is_there,
				 buf + first * MEM_PAGE));
	}
	return NULL;
}

static struct err *read_pages(const struct copy *c, uint64_t offset, uint64_t len, uint8_t *buf)
{
	size_t i;

	TRY(page_plan_find(c->plan, offset, &i));
	for (; len; i++) {
		struct page_run run;
		uint64_t skip, take;

		TRY(page_plan_get(c->plan, i, &run));
		skip = offset - run.offset;
		take = MIN(len, run.nr_pages * MEM_PAGE - skip);
		TRY(c->from.is_running ? read_of_running(c, run.start + skip, take, buf) :
					 read_mem(c, run.start + skip, take, buf));
		offset += take;
		len -= take;
		buf += take;
	}
	return NULL;
}

/* What was read of a chunk, and which of its pages are nothing but zeros: those stay a hole in the file. */
struct chunk {
	uint64_t offset; /* in the file */
	size_t nr_pages;
	const uint8_t *bytes;
	bool is_mapped; /* the bytes are the file's own */
	uint64_t sums[CHUNK_PAGES];
	uint64_t zeros[CHUNK_PAGES / 64];
};

static bool page_is_zero(const struct chunk *k, size_t i)
{
	return k->zeros[i / 64] >> i % 64 & 1;
}

static struct err *write_stretch(const struct copy *c, const struct chunk *k, size_t first,
				 size_t nr)
{
	uint64_t offset = k->offset + first * MEM_PAGE;

	if (page_is_zero(k, first))
		return page_sink_zeros(c->sink, offset, nr);
	TRY(page_sink_sums(c->sink, offset, nr, k->sums + first));
	if (k->is_mapped)
		return NULL;
	return fd_pwrite_all(page_sink_fd(c->sink), k->bytes + first * MEM_PAGE, nr * MEM_PAGE,
			     (off_t)offset);
}

static struct err *write_chunk(struct copy *c, const struct chunk *k)
{
	for (size_t first = 0, end; first < k->nr_pages; first = end) {
		for (end = first + 1; end < k->nr_pages; end++)
			if (page_is_zero(k, end) != page_is_zero(k, first))
				break;
		TRY(write_stretch(c, k, first, end - first));
	}
	return NULL;
}

static struct err *read_and_write(struct copy *c, uint64_t offset, uint64_t len, uint8_t *buf,
				  bool is_mapped)
{
	struct chunk k = {
		.offset = offset, .nr_pages = len / MEM_PAGE, .bytes = buf, .is_mapped = is_mapped
	};

	TRY(read_pages(c, offset, len, buf));
	atomic_fetch_add(&c->nr_zero, page_sums_zero(buf, k.nr_pages, k.sums, k.zeros));
	return write_chunk(c, &k);
}

/* Straight into the file's pages; false when they are not there yet. */
static bool copy_mapped(struct copy *c, uint64_t offset, uint64_t len, struct err **out)
{
	void *at;

	if (offset + len > page_sink_ahead(c->sink))
		return false;
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		  page_sink_fd(c->sink), (off_t)offset);
	if (at == MAP_FAILED)
		return false;
	*out = read_and_write(c, offset, len, at, true);
	munmap(at, len);
	return true;
}

static struct err *copy_chunk(struct copy *c, uint64_t offset, uint64_t len, uint8_t *buf)
{
	struct err *e = NULL;

	if (copy_mapped(c, offset, len, &e))
		return e;
	return read_and_write(c, offset, len, buf, false);
}

static struct err *copy_chunks(struct copy *c)
{
	AUTO_FREE uint8_t *buf = NULL;

	if (posix_memalign((void **)&buf, MEM_PAGE, CHUNK_BYTES))
		return err_sys(ENOMEM, "cannot copy pages");
	while (!c->failure) {
		uint64_t page = atomic_fetch_add(&c->next_page, CHUNK_PAGES), nr;

		if (page >= c->plan->nr_pages)
			break;
		nr = MIN(CHUNK_PAGES, c->plan->nr_pages - page);
		TRY(copy_chunk(c, page * MEM_PAGE, nr * MEM_PAGE, buf));
		progress_add(c->from.progress, nr);
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

struct err *page_plan_copy(const struct page_plan *plan, struct page_sink *sink,
			   const struct page_copy_from *from, uint64_t *nr_zero_io)
{
	struct copy c = { .plan = plan, .sink = sink, .from = *from };
	pthread_t threads[NR_THREADS];
	size_t nr_threads = 0;

	while (!from->is_running && plan->nr_pages >= THREADS_MIN_PAGES &&
	       nr_threads < NR_THREADS - 1)
		if (pthread_create(&threads[nr_threads], NULL, copy_thread, &c))
			break; /* then this thread does it all */
		else
			nr_threads++;
	copy_thread(&c);
	while (nr_threads)
		pthread_join(threads[--nr_threads], NULL);
	*nr_zero_io += c.nr_zero;
	return c.failure;
}
