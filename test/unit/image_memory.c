// SPDX-License-Identifier: GPL-2.0-only
/* What a dump of a large memory takes of the tool's own: a few megabytes, however many pages and runs there are. */
#include <time.h>

#include "image/pages.h"
#include "unit/image_util.h"

enum { PAGE = IMAGE_PAGE_SIZE, PID = 42 };

/* 32 GiB in a million runs: 64 MiB of sums, 20 MiB of page map. */
#define NR_RUNS 1000000ULL
#define RUN_PAGES 8ULL
#define LIMIT_KB 6144

static char dirs[2][64];

/* "VmHWM" or "VmRSS" in KiB. */
static size_t status_kb(const char *what)
{
	char line[128];
	AUTO_FILE FILE *f = fopen("/proc/self/status", "r");
	size_t kb = 0;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, what, strlen(what)))
			kb = strtoul(line + strlen(what) + 1, NULL, 10);
	return kb;
}

static size_t peak_begin(void)
{
	AUTO_FD fd = open("/proc/self/clear_refs", O_WRONLY);

	CHECK(fd >= 0 && write(fd, "5", 1) == 1);
	return status_kb("VmRSS");
}

static void peak_check(size_t before, const char *what)
{
	size_t grown = status_kb("VmHWM") - before;

	fprintf(stderr, "    %s: %zu KiB\n", what, grown);
#if !defined(__SANITIZE_ADDRESS__)
	CHECK(grown < LIMIT_KB);
#endif
}

static uint64_t run_start(uint64_t i)
{
	return i * (RUN_PAGES + 1) * PAGE;
}

static void set_write(const char *path, const char *parent)
{
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir = NULL;
	struct page_sink *sink = NULL;
	uint64_t at;

	CHECK_OK(image_dir_create(path, parent, &dir));
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, PID, &sink));
	for (uint64_t i = 0; i < NR_RUNS; i++) {
		/* A few own pages in the child. */
		uint32_t flags = parent && i % 1000 ? PAGE_IN_PARENT : PAGE_PRESENT;

		CHECK_OK(page_sink_run(sink, run_start(i), RUN_PAGES, flags, &at));
		if (flags == PAGE_PRESENT)
			CHECK_OK(page_sink_zeros(sink, at, RUN_PAGES));
	}
	CHECK_OK(page_sink_finish(sink));
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
}

static void writing_is_bounded(void)
{
	size_t before = peak_begin();

	set_write(dirs[0], NULL);
	peak_check(before, "written");
	before = peak_begin();
	set_write(dirs[1], dirs[0]);
	peak_check(before, "written on top of a parent");
}

static void asking_the_parents_is_bounded(void)
{
	struct image_dir *dir = NULL;
	struct page_source *src = NULL;
	size_t before = peak_begin();
	struct timespec a, b;

	CHECK_OK(image_dir_open(dirs[1], &dir));
	CHECK_OK(page_source_stream(dir, IMAGE_PAGEMAP, PID, &src));
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (uint64_t i = 0; i < NR_RUNS; i++) {
		struct page_extent ext;
		bool found;

		CHECK_OK(page_source_next(src, run_start(i), &ext, &found));
		CHECK(found && ext.start == run_start(i) && ext.nr_pages == RUN_PAGES &&
		      ext.file == !!(i % 1000));
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	page_source_close(src);
	image_dir_close(dir);
	peak_check(before, "asked");
	fprintf(stderr, "    a million questions: %ld ms\n",
		(b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000);
}

/* Lists on the heap, lists that grow out of it, small ones that are too many together. */
static void sums_of_many_files_come_back(void)
{
	enum { FILES = 300, NR = 700, LARGE = 20000 };
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir = NULL;
	struct page_sink *sink = NULL, *other = NULL;
	AUTO_FREE char *buf = malloc(NR * PAGE);
	uint64_t at;

	CHECK(buf);
	scratch_clear(dirs[0]);
	for (size_t i = 0; i < NR * PAGE; i++)
		buf[i] = (char)(i * 7 + i / PAGE);
	CHECK_OK(image_dir_create(dirs[0], NULL, &dir));
	for (uint64_t i = 0; i < FILES; i++) {
		CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, 100 + i, &sink));
		CHECK_OK(page_sink_run(sink, PAGE, 1 + i % NR, PAGE_PRESENT, &at));
		CHECK_OK(page_sink_data(sink, at, 1 + i % NR, buf));
		CHECK_OK(page_sink_finish(sink));
	}
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, 98, &sink));
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, 99, &other));
	/* In turns, so that their pieces alternate, and not in steps of their size. */
	for (uint64_t done = 0; done < LARGE; done += NR) {
		uint64_t here = MIN(NR, LARGE - done);

		CHECK_OK(page_sink_run(sink, (1 + done) * PAGE, here, PAGE_PRESENT, &at));
		CHECK_OK(page_sink_data(sink, at, here, buf));
		CHECK_OK(page_sink_run(other, (1 + done) * PAGE, here, PAGE_PRESENT, &at));
		CHECK_OK(page_sink_data(other, at, here, buf));
	}
	CHECK_OK(page_sink_finish(sink));
	CHECK_OK(page_sink_finish(other));
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
	CHECK_OK(set_check(dirs[0]));
}

int main(void)
{
	for (int i = 0; i < 2; i++)
		scratch_make(dirs[i]);
	UNIT_RUN(writing_is_bounded);
	UNIT_RUN(asking_the_parents_is_bounded);
	UNIT_RUN(sums_of_many_files_come_back);
	for (int i = 0; i < 2; i++)
		scratch_remove(dirs[i]);
	return 0;
}
