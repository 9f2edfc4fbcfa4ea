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
#include "mem/page_scan.h"
#include "proc/maps.h"
#include "proc/pagemap.h"

/* Stays in the second-level cache between reading, summing and writing. */
#define CHUNK_PAGES 128
#define CHUNK_BYTES (CHUNK_PAGES * MEM_PAGE)
/* Below this a second thread costs more than it brings. */
#define THREADS_MIN_PAGES 4096
#define NR_THREADS 2

enum {
	MAX_GROWING = 16,
	/* Nothing grows by more than RLIMIT_STACK; with a higher limit than this one, seldom by so much at once. */
	GROW_MAX = 64 << 20,
};

struct copy {
	const struct page_plan *plan;
	struct page_sink *sink;
	struct page_copy_from from;
	struct addr_range growing[MAX_GROWING];
	size_t nr_growing;
	atomic_ulong nr_zero;
	atomic_ulong next_page; /* in the order of the file: the next chunk to be taken */
	_Atomic(struct err *) failure;
};

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
 * What may lie below an area that grows downwards (MAP_GROWSDOWN, a stack): if the running program has unmapped it since,
 * /proc/PID/mem would make the area grow, and that stays.  process_vm_readv() does not, from 6.5 on, but it does not
 * read without PROT_READ either.
 */
static void read_without_growth(const struct copy *c, int pagemap_fd, uint64_t addr, uint8_t *buf)
{
	struct iovec local = { buf, MEM_PAGE }, remote = { (void *)addr, MEM_PAGE };
	uint64_t word = 0;
	struct err *e;

	if (process_vm_readv(c->from.host_pid, &local, 1, &remote, 1, 0) == (ssize_t)MEM_PAGE)
		return;
	e = pagemap_fd >= 0 ? pagemap_read(pagemap_fd, addr, 1, &word) : NULL;
	if (e)
		err_drop(e, "the task has ended");
	if (!(word & (PM_PRESENT | PM_SWAPPED)) ||
	    pread(c->from.mem_fd, buf, MEM_PAGE, (off_t)addr) != (ssize_t)MEM_PAGE)
		memset(buf, 0, MEM_PAGE);
}

static void read_pages_without_growth(const struct copy *c, const struct gathered *g, uint8_t *buf)
{
	AUTO_FD pagemap = -1;
	struct err *e = pagemap_open(c->from.dirfd, &pagemap);

	if (e)
		err_drop(e, "the task has ended");
	for (size_t i = 0; i < g->nr; i++)
		for (size_t at = 0; at < g->iov[i].iov_len; at += MEM_PAGE, buf += MEM_PAGE)
			read_without_growth(c, pagemap, (uint64_t)g->iov[i].iov_base + at, buf);
}

/*
 * process_vm_readv() is the fast way, but it pins pages, and the kernel gives a task a copy of its own of every pinned
 * page it shares with a relative since a fork: a dump would take memory from the machine and undo the sharing of
 * a tree that runs on.  Nor does it read areas without PROT_READ.  /proc/PID/mem does both.
 */
enum way { WAY_PIN, WAY_MEM, WAY_NO_GROWTH, WAY_GONE };

static struct err *read_gathered(const struct copy *c, enum way way, struct gathered *g,
				 uint8_t *buf)
{
	struct iovec local = { buf, g->len };
	ssize_t ret = -1;

	if (way == WAY_GONE) {
		memset(buf, 0, g->len);
		return NULL;
	}
	if (g->nr && way != WAY_MEM)
		ret = process_vm_readv(c->from.host_pid, &local, 1, g->iov, g->nr, 0);
	if (ret == (ssize_t)g->len)
		return NULL;
	if (way != WAY_NO_GROWTH)
		return read_slowly(c, g, buf);
	read_pages_without_growth(c, g, buf);
	return NULL;
}

static void find_growing(struct copy *c)
{
	for (size_t i = 0; c->from.maps && i < c->from.maps->nr; i++) {
		const struct proc_vma *v = &c->from.maps->vmas[i];
		struct addr_range *r = &c->growing[c->nr_growing];

		if (!(v->flags & VMF_GROWSDOWN))
			continue;
		/* Of too many the last ones are taken for one. */
		if (c->nr_growing == MAX_GROWING)
			r--;
		else
			*r = (struct addr_range){ .start = v->end - MIN(v->end, GROW_MAX) };
		r->end = v->end;
		c->nr_growing = MIN(c->nr_growing + 1, MAX_GROWING);
	}
}

/* *@take is cut where the answer changes. */
static bool is_below_growing(const struct copy *c, uint64_t addr, uint64_t *take)
{
	for (size_t i = 0; i < c->nr_growing; i++) {
		const struct addr_range *r = &c->growing[i];

		if (r->end <= addr)
			continue;
		*take = MIN(*take, (r->start > addr ? r->start : r->end) - addr);
		if (r->start <= addr)
			return true;
	}
	return false;
}

/* Of a program that runs, what it has unmapped is not read.  *@take is cut where the answer changes. */
static enum way way_to_read(const struct copy *c, uint64_t addr, uint64_t *take)
{
	const struct proc_vma *v = c->from.maps ? proc_maps_find(c->from.maps, addr) : NULL;

	if (c->from.is_running && c->from.maps) {
		if (!v)
			return WAY_GONE;
		*take = MIN(*take, (v->start > addr ? v->start : v->end) - addr);
		if (v->start > addr)
			return WAY_GONE;
		if (is_below_growing(c, addr, take))
			return WAY_NO_GROWTH;
	}
	return !v || v->shared_bytes ? WAY_MEM : WAY_PIN;
}

static struct err *read_pages(const struct copy *c, uint64_t offset, uint64_t len, uint8_t *buf)
{
	struct gathered g = { .nr = 0 };
	enum way last = WAY_PIN;
	size_t i;

	TRY(page_plan_find(c->plan, offset, &i));
	for (; len; i++) {
		struct page_run run;
		uint64_t skip, take;
		enum way way;

		TRY(page_plan_get(c->plan, i, &run));
		skip = offset - run.offset;
		take = MIN(len, run.nr_pages * MEM_PAGE - skip);
		way = way_to_read(c, run.start + skip, &take);
		if (g.nr && (way != last || g.nr == CHUNK_PAGES)) {
			TRY(read_gathered(c, last, &g, buf));
			buf += g.len;
			g.nr = g.len = 0;
		}
		offset += take;
		len -= take;
		/* The rest of a run that was cut is asked for again. */
		if (skip + take < run.nr_pages * MEM_PAGE)
			i--;
		last = way;
		g.iov[g.nr++] = (struct iovec){ (void *)(run.start + skip), take };
		g.len += take;
	}
	return read_gathered(c, last, &g, buf);
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

	if (from->is_running)
		find_growing(&c);
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
