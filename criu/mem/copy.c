/* SPDX-License-Identifier: GPL-2.0-only */
#include "mem/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "mem/mm.h"
#include "proc/maps.h"

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

/* --- the plan --- */

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

static struct err *plan_get(const struct page_plan *plan, size_t i, struct page_run *out)
{
	if (i < plan->nr_spooled)
		return fd_pread_all(plan->fd, out, sizeof(*out), (off_t)(i * sizeof(*out)));
	*out = plan->runs[i - plan->nr_spooled];
	return NULL;
}

/* The run that holds byte @offset of the file. */
static struct err *find_run(const struct page_plan *plan, uint64_t offset, size_t *out)
{
	size_t low = 0, high = page_plan_nr(plan);

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;
		struct page_run run;

		TRY(plan_get(plan, mid, &run));
		if (run.offset <= offset)
			low = mid;
		else
			high = mid;
	}
	*out = low;
	return NULL;
}

/* --- reading --- */

/* Stretches of the task's memory that are read at once, into consecutive bytes. */
struct gathered {
	struct iovec iov[CHUNK_PAGES];
	size_t nr;
	uint64_t len;
};

/* Page by page, what is not there any more as zeros. */
static void read_what_is_there(const struct copy *c, const struct iovec *iov, uint8_t *buf)
{
	for (size_t at = 0; at < iov->iov_len; at += MEM_PAGE)
		if (pread(c->from.mem_fd, buf + at, MEM_PAGE, (off_t)iov->iov_base + (off_t)at) !=
		    (ssize_t)MEM_PAGE)
			memset(buf + at, 0, MEM_PAGE);
}

/* Every page, one lock and two copies for each. */
static struct err *read_slowly(const struct copy *c, const struct gathered *g, uint8_t *buf)
{
	for (size_t i = 0; i < g->nr; i++) {
		struct err *e = fd_pread_all(c->from.mem_fd, buf, g->iov[i].iov_len,
					     (off_t)g->iov[i].iov_base);

		if (e && c->from.is_running) {
			err_drop(e, "the program has unmapped it");
			read_what_is_there(c, &g->iov[i], buf);
		} else if (e) {
			return err_context(e, "reading %zu bytes at %p of task %d",
					   g->iov[i].iov_len, g->iov[i].iov_base, c->from.host_pid);
		}
		buf += g->iov[i].iov_len;
	}
	return NULL;
}

/*
 * process_vm_readv() is the fast way, but it pins pages, and the kernel gives a task a copy of its own of every pinned
 * page it shares with a relative since a fork: a dump would take memory from the machine and undo the sharing of
 * a tree that runs on.  Nor does it read areas without PROT_READ.  /proc/PID/mem does both.
 */
static struct err *read_gathered(const struct copy *c, bool is_shared, struct gathered *g,
				 uint8_t *buf)
{
	struct iovec local = { buf, g->len };
	ssize_t ret = -1;

	if (!g->nr)
		return NULL;
	if (!is_shared)
		ret = process_vm_readv(c->from.host_pid, &local, 1, g->iov, g->nr, 0);
	return ret == (ssize_t)g->len ? NULL : read_slowly(c, g, buf);
}

static bool is_shared_run(const struct copy *c, uint64_t addr)
{
	const struct proc_vma *v = c->from.maps ? proc_maps_find(c->from.maps, addr) : NULL;

	return !v || v->shared_bytes;
}

/*
 * What a running program has unmapped is not read: below an area that grows downwards (a stack) a read would make it
 * grow.  *@take is cut where the answer changes.
 */
static bool is_gone(const struct copy *c, uint64_t addr, uint64_t *take)
{
	const struct proc_vma *v;

	if (!c->from.is_running || !c->from.maps)
		return false;
	v = proc_maps_find(c->from.maps, addr);
	if (!v)
		return true;
	*take = MIN(*take, (v->start > addr ? v->start : v->end) - addr);
	return v->start > addr;
}

static struct err *read_pages(const struct copy *c, uint64_t offset, uint64_t len, uint8_t *buf)
{
	struct gathered g = { .nr = 0 };
	bool is_shared = false;
	size_t i;

	TRY(find_run(c->plan, offset, &i));
	for (; len; i++) {
		struct page_run run;
		uint64_t skip, take;
		bool shared, gone;

		TRY(plan_get(c->plan, i, &run));
		skip = offset - run.offset;
		take = MIN(len, run.nr_pages * MEM_PAGE - skip);
		gone = is_gone(c, run.start + skip, &take);
		shared = is_shared_run(c, run.start + skip);
		if (g.nr && (gone || shared != is_shared || g.nr == CHUNK_PAGES)) {
			TRY(read_gathered(c, is_shared, &g, buf));
			buf += g.len;
			g.nr = g.len = 0;
		}
		offset += take;
		len -= take;
		/* The rest of a run that was cut is asked for again. */
		if (skip + take < run.nr_pages * MEM_PAGE)
			i--;
		if (gone) {
			memset(buf, 0, take);
			buf += take;
			continue;
		}
		is_shared = shared;
		g.iov[g.nr++] = (struct iovec){ (void *)(run.start + skip), take };
		g.len += take;
	}
	return read_gathered(c, is_shared, &g, buf);
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
