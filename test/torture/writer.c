/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that write all the time, also while the process maps, forks and is dumped.  Each writes its pages in a
 * circle; the number of writes so far says what each page must hold.  One writes private memory, the other a memfd, by
 * stores and by pwrite; both drop pages now and then.
 */
#include "torture.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	WRITER_PAGES = 48,
	WRITER_SERIAL = 198,
	WRITER_FD = 60,
	WRITER_STACK = 128 << 10,
	DROP_EVERY = 13,
	NAP_EVERY = 4,
	NAP_US = 1000,
};

struct writer {
	char *area;
	uint64_t count; /* writes that are done */
	uint32_t pause; /* futex */
	uint32_t is_paused;
	uint32_t runs;
	int fd; /* of the memfd; -1: private memory */
};

static struct writer writers[NR_WRITERS];

#define LOAD(x) __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define STORE(x, v) __atomic_store_n(&(x), v, __ATOMIC_SEQ_CST)

static void wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1 << 30, NULL, NULL, 0);
}

static void wait_while(uint32_t *word, uint32_t value)
{
	while (LOAD(*word) == value)
		syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static bool is_drop(uint64_t count)
{
	return count % DROP_EVERY == DROP_EVERY - 1;
}

static uint64_t write_tag(uint64_t count)
{
	return is_drop(count) ?
		       0 :
		       tag_make(WRITER_SERIAL, (uint32_t)count, (uint32_t)(count % WRITER_PAGES));
}

static void write_one(struct writer *w, uint64_t count, void *buffer)
{
	off_t at = (off_t)(count % WRITER_PAGES) * PAGE;
	char *page = w->area + at;

	if (is_drop(count) && w->fd < 0) {
		SYS(madvise(page, PAGE, MADV_DONTNEED));
	} else if (is_drop(count)) {
		SYS(fallocate(w->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, PAGE));
	} else if (w->fd >= 0 && count % 4 == 3) {
		page_fill(buffer, write_tag(count));
		if (pwrite(w->fd, buffer, PAGE, at) != PAGE)
			fail("a writer cannot write: %m");
	} else {
		page_fill(page, write_tag(count));
	}
}

static void *writer_run(void *arg)
{
	struct writer *w = arg;
	uint64_t count = w->count;
	char buffer[PAGE];

	for (;;) {
		if (LOAD(w->pause)) {
			STORE(w->is_paused, 1);
			wake(&w->is_paused);
			wait_while(&w->pause, 1);
			STORE(w->is_paused, 0);
			wake(&w->is_paused);
		}
		if (LOAD(w->count) != count)
			fail("a writer has done %lu writes and its count says %lu", count,
			     w->count);
		write_one(w, count, buffer);
		STORE(w->count, ++count);
		if (count % NAP_EVERY == 0)
			sleep_us(NAP_US);
	}
	return NULL;
}

static void thread_start(struct writer *w)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WRITER_STACK);
	w->pause = w->is_paused = 0;
	w->runs = 1;
	if (pthread_create(&thread, &attr, writer_run, w))
		fail("cannot start a writer");
	pthread_attr_destroy(&attr);
}

static void area_make(uint32_t number)
{
	struct writer *w = &writers[number];
	size_t len = (size_t)WRITER_PAGES * PAGE;

	w->fd = -1;
	if (number) {
		w->fd = SYS(dup2(SYS(memfd_create("writer", 0)), WRITER_FD));
		SYS(ftruncate(w->fd, (off_t)len));
	}
	w->area = mmap((char *)WRITER_ADDR + number * (64UL << 20), len, PROT_READ | PROT_WRITE,
		       MAP_FIXED | (number ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS), w->fd, 0);
	if (w->area == MAP_FAILED)
		fail("cannot map a writer's memory: %m");
	if (number)
		SYS(madvise(w->area, len, MADV_DONTFORK));
}

void writers_start(struct rng *r)
{
	for (uint32_t i = 0; i < me.cfg.nr_writers; i++) {
		if (me.slot && rng_chance(r, 60))
			continue;
		if (!writers[i].area)
			area_make(i);
		thread_start(&writers[i]);
	}
}

void writers_pause(void)
{
	for (int i = 0; i < NR_WRITERS; i++) {
		if (!writers[i].runs)
			continue;
		STORE(writers[i].pause, 1);
		wait_while(&writers[i].is_paused, 0);
	}
}

void writers_go_on(void)
{
	for (int i = 0; i < NR_WRITERS; i++) {
		if (!writers[i].runs)
			continue;
		STORE(writers[i].pause, 0);
		wake(&writers[i].pause);
		wait_while(&writers[i].is_paused, 1);
	}
}

void writers_forget(void)
{
	for (int i = 0; i < NR_WRITERS; i++) {
		struct writer *w = &writers[i];

		if (w->area && w->fd >= 0) {
			close(w->fd);
			*w = (struct writer){ .fd = -1 };
		}
		w->runs = 0;
	}
}

static void check_one(const struct writer *w, uint32_t page)
{
	uint64_t rounds = w->count / WRITER_PAGES + (page < w->count % WRITER_PAGES);
	struct content want = { 0 };
	char is[120], must[120];

	if (rounds)
		want.body = write_tag((rounds - 1) * WRITER_PAGES + page);
	if (page_matches(w->area + (size_t)page * PAGE, &want))
		return;
	page_describe(w->area + (size_t)page * PAGE, is, sizeof(is));
	content_describe(&want, must, sizeof(must));
	fail("page %u of the %s writer at %p holds %s and must hold %s after %lu writes", page,
	     w->fd < 0 ? "private" : "memfd", (void *)(w->area + (size_t)page * PAGE), is, must,
	     w->count);
}

/* Only while they are paused. */
void writers_check(void)
{
	if (is_sabotaged("writer") && writers[0].area)
		writers[0].area[64]++;
	for (int i = 0; i < NR_WRITERS; i++)
		for (uint32_t page = 0; writers[i].area && page < WRITER_PAGES; page++)
			check_one(&writers[i], page);
}
