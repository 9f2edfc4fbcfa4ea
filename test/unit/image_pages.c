// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages through sinks and back through sources: chains of parents, threads, damage.
 */
#include <pthread.h>

#include "pagemap.pb-c.h"

#include "image/pages.h"
#include "unit/image_util.h"

enum { PAGE = IMAGE_PAGE_SIZE, PID = 42 };

static char dirs[3][64];

/* A page whose contents tell its address and generation. */
static void page_make(char *page, uint64_t addr, int generation)
{
	for (size_t i = 0; i < PAGE / sizeof(uint64_t); i++)
		((uint64_t *)page)[i] = addr + i * 3 + (uint64_t)generation * 1000003;
}

struct run {
	uint64_t start, nr;
	uint32_t flags;
};

static void sink_runs(struct image_dir *dir, enum image_kind kind, const struct run *runs,
		      size_t nr, int generation)
{
	struct page_sink *sink = NULL;
	char page[PAGE];

	CHECK_OK(page_sink_open(dir, kind, PID, &sink));
	for (size_t i = 0; i < nr; i++) {
		uint64_t at = UINT64_MAX;

		CHECK_OK(page_sink_run(sink, runs[i].start, runs[i].nr, runs[i].flags, &at));
		CHECK((at == UINT64_MAX) == (runs[i].flags == PAGE_IN_PARENT));
		for (uint64_t p = 0; at != UINT64_MAX && p < runs[i].nr; p++) {
			page_make(page, runs[i].start + p * PAGE, generation);
			CHECK_OK(page_sink_data(sink, at + p * PAGE, 1, page));
		}
	}
	CHECK_OK(page_sink_finish(sink));
}

static void set_write(const char *path, const char *parent, const struct run *runs, size_t nr,
		      int generation)
{
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir = NULL;

	CHECK_OK(image_dir_create(path, parent, &dir));
	sink_runs(dir, IMAGE_PAGEMAP, runs, nr, generation);
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
}

static void expect_pages(struct page_source *src, uint64_t start, uint64_t nr, int generation)
{
	char want[PAGE], have[PAGE];

	for (uint64_t p = 0; p < nr; p++) {
		page_make(want, start + p * PAGE, generation);
		CHECK_OK(page_source_read(src, start + p * PAGE, 1, have));
		CHECK(!memcmp(want, have, PAGE));
	}
}

static void one_set_comes_back(void)
{
	static const struct run runs[] = {
		{ 0x10000, 3, PAGE_PRESENT },
		{ 0x13000, 2, PAGE_PRESENT },
		{ 0x15000, 1, PAGE_PRESENT | PAGE_LAZY },
		{ 0x7fff00000000, 5, PAGE_PRESENT | PAGE_LAZY },
		{ 0xffffffffff600000, 1, PAGE_PRESENT },
	};
	struct image_dir *dir = NULL;
	struct page_source *src = NULL;
	struct page_extent ext;
	char buf[8 * PAGE];
	bool found;

	set_write(dirs[0], NULL, runs, ARRAY_SIZE(runs), 1);
	CHECK_OK(set_check(dirs[0]));
	CHECK_OK(image_dir_open(dirs[0], &dir));
	CHECK_OK(page_source_open(dir, IMAGE_PAGEMAP, PID, &src));
	CHECK(page_source_nr(src) == 4 && page_source_nr_pages(src) == 12);
	CHECK_OK(page_source_get(src, 1, &ext));
	CHECK(ext.start == 0x15000 && ext.fd == -1 && ext.flags == (PAGE_PRESENT | PAGE_LAZY));
	CHECK_OK(page_source_find(src, 0, &ext, &found));
	CHECK(found && ext.start == 0x10000 && ext.nr_pages == 5 && ext.offset == 0 && ext.sums);
	CHECK_OK(page_source_find(src, 0x12fff, &ext, &found));
	CHECK(found && ext.start == 0x12000 && ext.nr_pages == 3 && ext.offset == 2 * PAGE);
	CHECK_OK(fd_pread_all(ext.fd, buf, 3 * PAGE, (off_t)ext.offset));
	CHECK_OK(page_source_verify(src, &ext, 0, 3, buf));
	CHECK_OK(page_source_verify(src, &ext, 1, 2, buf + PAGE));
	buf[PAGE + 7] ^= 1;
	CHECK_ERR(page_source_verify(src, &ext, 0, 3, buf), ERR_IMAGE);
	CHECK_OK(page_source_find(src, 0x7fff00005000, &ext, &found));
	CHECK(found && ext.start == 0xffffffffff600000);
	CHECK_OK(page_source_find(src, 0xffffffffff601000, &ext, &found));
	CHECK(!found);
	page_source_drop_fds(src);
	expect_pages(src, 0x10000, 6, 1);
	expect_pages(src, 0x7fff00000000, 5, 1);
	CHECK_ERR(page_source_read(src, 0x10000, 7, buf), ERR_IMAGE);
	CHECK_ERR(page_source_open(dir, IMAGE_PAGEMAP, PID + 1, &src), ERR_IMAGE);
	CHECK_ERR(page_source_open(dir, IMAGE_PAGEMAP_SHMEM, PID, &src), ERR_IMAGE);
	page_source_close(src);
	image_dir_close(dir);
}

static void a_page_between_two_runs_stays_away(void)
{
	static const struct run runs[] = {
		{ 0x10000, 2, PAGE_PRESENT },
		{ 0x13000, 1, PAGE_PRESENT },
		{ 0x15000, 3, PAGE_PRESENT },
	};
	struct image_dir *dir = NULL;
	struct page_source *src = NULL;
	char buf[PAGE];

	scratch_clear(dirs[1]);
	set_write(dirs[1], NULL, runs, ARRAY_SIZE(runs), 3);
	CHECK_OK(image_dir_open(dirs[1], &dir));
	CHECK_OK(page_source_open(dir, IMAGE_PAGEMAP, PID, &src));
	CHECK(page_source_nr(src) == 3 && page_source_nr_pages(src) == 6);
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		expect_pages(src, runs[i].start, runs[i].nr, 3);
	CHECK_ERR(page_source_read(src, 0x12000, 1, buf), ERR_IMAGE);
	CHECK_ERR(page_source_read(src, 0x14000, 1, buf), ERR_IMAGE);
	page_source_close(src);
	image_dir_close(dir);
	scratch_clear(dirs[1]);
}

static void both_counts_are_written(void)
{
	struct image_dir *dir = NULL;
	struct arena *a = arena_new();
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg = NULL;
	uint64_t pages = 0;

	CHECK_OK(image_dir_open(dirs[0], &dir));
	CHECK_OK(image_open(dir, IMAGE_PAGEMAP, PID, &s));
	CHECK_OK(image_next(s, a, &msg));
	CHECK(((PagemapHead *)msg)->pages_id == 1);
	for (;;) {
		PagemapEntry *p;

		CHECK_OK(image_next(s, a, &msg));
		if (!msg)
			break;
		p = (PagemapEntry *)msg;
		CHECK(p->has_nr_pages && p->nr_pages == p->compat_nr_pages && p->has_flags);
		pages += p->nr_pages;
	}
	CHECK(pages == 12);
	image_dir_close(dir);
	arena_free(a);
}

static void chains_are_flattened(void)
{
	static const struct run oldest[] = {
		{ 0x10000, 16, PAGE_PRESENT },
		{ 0x40000, 4, PAGE_PRESENT | PAGE_LAZY },
		{ 0x60000, 4, PAGE_PRESENT },
	};
	static const struct run middle[] = {
		{ 0x10000, 4, PAGE_IN_PARENT },
		{ 0x14000, 4, PAGE_PRESENT },
		{ 0x18000, 8, PAGE_IN_PARENT },
		{ 0x41000, 2, PAGE_IN_PARENT },
	};
	static const struct run newest[] = {
		{ 0x10000, 12, PAGE_IN_PARENT }, /* parts of two generations */
		{ 0x1e000, 1, PAGE_IN_PARENT },
		{ 0x42000, 1, PAGE_IN_PARENT },
		{ 0x43000, 1, PAGE_PRESENT },
	};
	struct image_dir *dir = NULL;
	struct page_source *src = NULL;

	scratch_clear(dirs[0]);
	set_write(dirs[0], NULL, oldest, ARRAY_SIZE(oldest), 1);
	set_write(dirs[1], dirs[0], middle, ARRAY_SIZE(middle), 2);
	set_write(dirs[2], dirs[1], newest, ARRAY_SIZE(newest), 3);
	CHECK_OK(set_check(dirs[2]));
	CHECK_OK(image_dir_open(dirs[2], &dir));
	CHECK(image_dir_parent(dir) && image_dir_parent(image_dir_parent(dir)));
	CHECK_OK(page_source_open(dir, IMAGE_PAGEMAP, PID, &src));
	CHECK(page_source_nr_pages(src) == 15);
	expect_pages(src, 0x10000, 4, 1);
	expect_pages(src, 0x14000, 4, 2);
	expect_pages(src, 0x18000, 4, 1);
	expect_pages(src, 0x1e000, 1, 1);
	expect_pages(src, 0x42000, 1, 1);
	expect_pages(src, 0x43000, 1, 3);
	page_source_close(src);
	image_dir_close(dir);
}

static void broken_chains_are_refused(void)
{
	static const struct run oldest[] = { { 0x10000, 16, PAGE_PRESENT } };
	static const struct run too_much[] = { { 0x1f000, 2, PAGE_IN_PARENT } };
	static const struct run same[] = { { 0x10000, 16, PAGE_IN_PARENT } };
	struct image_dir *dir = NULL;
	char path[128];

	for (int i = 0; i < 3; i++)
		scratch_clear(dirs[i]);
	set_write(dirs[0], NULL, oldest, 1, 1);
	set_write(dirs[1], dirs[0], too_much, 1, 2);
	CHECK_ERR(set_check(dirs[1]), ERR_IMAGE);
	set_write(dirs[1], dirs[0], same, 1, 2);
	CHECK_OK(set_check(dirs[1]));

	/* Another set where the parent was: same pages, another id. */
	set_write(dirs[0], NULL, oldest, 1, 1);
	CHECK_ERR(image_dir_open(dirs[1], &dir), ERR_IMAGE);
	set_write(dirs[1], dirs[0], same, 1, 2);
	CHECK_OK(set_check(dirs[1]));

	/* A chain that bites its tail, of foreign sets. */
	file_path(path, sizeof(path), dirs[0], "parent");
	CHECK(!symlink(dirs[0], path));
	CHECK_OK(set_check(dirs[1])); /* the manifest says that it has no parent */
	put_foreign_inventory(dirs[0], 2);
	CHECK_ERR(image_dir_open(dirs[0], &dir), ERR_IMAGE);
	CHECK(!unlink(path) && !symlink(dirs[1], path));
	put_foreign_inventory(dirs[1], 2);
	CHECK_ERR(image_dir_open(dirs[1], &dir), ERR_IMAGE);
	CHECK(!unlink(path));
	CHECK_OK(set_check(dirs[1]));

	/* No link. */
	file_path(path, sizeof(path), dirs[1], "parent");
	CHECK(!unlink(path));
	CHECK_ERR(set_check(dirs[1]), ERR_IMAGE);
}

static void missing_bytes_are_noticed(void)
{
	struct image_dir *dir = NULL;
	struct page_sink *sink = NULL;
	char pages[2 * PAGE] = "x";
	uint64_t at, sums[2];

	scratch_clear(dirs[0]);
	CHECK_OK(image_dir_create(dirs[0], NULL, &dir));
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, PID, &sink));
	CHECK_OK(page_sink_run(sink, 0x1000, 2, PAGE_PRESENT, &at));
	CHECK_ERR(page_sink_run(sink, 0x2000, 1, PAGE_PRESENT, &at), ERR_BUG);
	CHECK_ERR(page_sink_run(sink, 0x3001, 1, PAGE_PRESENT, &at), ERR_BUG);
	CHECK_ERR(page_sink_run(sink, 0x3000, 0, PAGE_PRESENT, &at), ERR_BUG);
	CHECK_ERR(page_sink_run(sink, 0x3000, UINT64_MAX, PAGE_PRESENT, &at), ERR_BUG);
	CHECK_OK(page_sink_data(sink, at, 1, pages));
	CHECK_ERR(page_sink_finish(sink), ERR_BUG);

	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, PID + 1, &sink));
	CHECK_OK(page_sink_run(sink, 0x1000, 2, PAGE_PRESENT, &at));
	page_sums(pages, 2, sums);
	CHECK_ERR(page_sink_sums(sink, PAGE, 2, sums), ERR_BUG);
	CHECK_OK(page_sink_sums(sink, at, 2, sums));
	CHECK_ERR(page_sink_finish(sink), ERR_BUG); /* sums, but no bytes */
	image_dir_discard(dir);
	image_dir_close(dir);
	CHECK(scratch_count(dirs[0]) == 0);
}

enum { THREADS = 4, THREAD_PAGES = 5000, THREAD_BASE = 0x100000 };

struct filler {
	pthread_t thread;
	struct page_sink *sink;
	uint64_t start, at;
};

static void *fill(void *arg)
{
	struct filler *f = arg;
	char page[PAGE];

	for (uint64_t p = 0; p < THREAD_PAGES; p++) {
		page_make(page, f->start + p * PAGE, 9);
		CHECK_OK(page_sink_data(f->sink, f->at + p * PAGE, 1, page));
	}
	return NULL;
}

/* Runs are added while threads fill the ones before. */
static void threads_fill_a_sink(void)
{
	InventoryEntry inv = plain_inventory();
	struct filler fillers[THREADS];
	struct image_dir *dir = NULL;
	struct page_sink *sink = NULL;
	struct page_source *src = NULL;

	CHECK_OK(image_dir_create(dirs[0], NULL, &dir));
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP_SHMEM, PID, &sink));
	for (int i = 0; i < THREADS; i++) {
		struct filler *f = &fillers[i];

		f->sink = sink;
		f->start = THREAD_BASE + (uint64_t)i * (THREAD_PAGES + 7) * PAGE;
		CHECK_OK(page_sink_run(sink, f->start, THREAD_PAGES, PAGE_PRESENT, &f->at));
		CHECK(!pthread_create(&f->thread, NULL, fill, f));
	}
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_join(fillers[i].thread, NULL));
	CHECK_OK(page_sink_finish(sink));
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
	CHECK_OK(set_check(dirs[0]));
	CHECK_OK(image_dir_open(dirs[0], &dir));
	CHECK_OK(page_source_open(dir, IMAGE_PAGEMAP_SHMEM, PID, &src));
	for (int i = 0; i < THREADS; i++)
		expect_pages(src, fillers[i].start, THREAD_PAGES, 9);
	page_source_close(src);
	image_dir_close(dir);
}

static void long_runs_are_split_and_joined(void)
{
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir = NULL;
	struct page_sink *sink = NULL;
	struct page_source *src = NULL;
	struct run parent = { 0, 1, PAGE_PRESENT };
	uint64_t nr = (1ull << 33) + 5;
	size_t len;

	scratch_clear(dirs[0]);
	scratch_clear(dirs[1]);
	set_write(dirs[1], NULL, &parent, 1, 1);
	CHECK_OK(image_dir_create(dirs[0], dirs[1], &dir));
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, PID, &sink));
	CHECK_OK(page_sink_run(sink, 0, nr, PAGE_IN_PARENT, NULL));
	CHECK_OK(page_sink_finish(sink));
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
	CHECK_OK(image_dir_open(dirs[0], &dir));
	CHECK_ERR(page_source_open(dir, IMAGE_PAGEMAP, PID, &src), ERR_IMAGE);
	image_dir_close(dir);
	free(file_get(dirs[0], "pagemap-42.img", &len));
	CHECK(len > 32768 * 8);
}

int main(void)
{
	for (int i = 0; i < 3; i++)
		scratch_make(dirs[i]);
	UNIT_RUN(one_set_comes_back);
	UNIT_RUN(a_page_between_two_runs_stays_away);
	UNIT_RUN(both_counts_are_written);
	UNIT_RUN(chains_are_flattened);
	UNIT_RUN(broken_chains_are_refused);
	UNIT_RUN(missing_bytes_are_noticed);
	UNIT_RUN(threads_fill_a_sink);
	UNIT_RUN(long_runs_are_split_and_joined);
	for (int i = 0; i < 3; i++)
		scratch_remove(dirs[i]);
	return 0;
}
