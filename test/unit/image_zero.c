// SPDX-License-Identifier: GPL-2.0-only
/* Pages of zeros: found by their sums, holes in the pages file, back as zeros. */
#include <sys/vfs.h>

#include <linux/magic.h>
#include <xxhash.h>

#include "image/pages.h"
#include "unit/image_util.h"

enum { PAGE = IMAGE_PAGE_SIZE, PID = 7, NR = 1000 };

static char dir_path[64];

static void sums_tell_zeros(void)
{
	AUTO_FREE char *buf = calloc(NR, PAGE);
	uint64_t sums[NR], plain[NR], mask[(NR + 63) / 64];
	size_t nr = 0;

	CHECK(buf);
	/* One bit somewhere, in every third page. */
	for (size_t i = 0; i < NR; i += 3)
		buf[i * PAGE + i * 4 % PAGE] = (char)(1 << i % 8);
	memset(mask, 0xff, sizeof(mask));
	CHECK(page_sums_zero(buf, NR, sums, mask) == NR - (NR + 2) / 3);
	page_sums(buf, NR, plain);
	CHECK(!memcmp(sums, plain, sizeof(sums)));
	for (size_t i = 0; i < NR; i++) {
		CHECK(!(mask[i / 64] >> i % 64 & 1) == !(i % 3));
		CHECK(sums[i] == XXH3_64bits(buf + i * PAGE, PAGE));
		nr += !(i % 3);
	}
	CHECK(page_sums_zero(buf + PAGE, 1, sums, mask) == 1 && mask[0] == 1);
	CHECK(page_sums_zero(buf, 1, sums, mask) == 0 && mask[0] == 0);
	CHECK(!(mask[NR / 64] >> NR % 64)); /* bits behind the last page are clear */
	CHECK(nr == (NR + 2) / 3);
}

static uint64_t blocks_of(const char *name)
{
	char path[128];
	struct stat st;

	file_path(path, sizeof(path), dir_path, name);
	CHECK(!stat(path, &st));
	CHECK(st.st_size == NR * PAGE);
	return (uint64_t)st.st_blocks * 512;
}

static bool is_zero_page(uint64_t i)
{
	return i / 50 % 2; /* the last ones are */
}

static void page_make(char *page, uint64_t i)
{
	memset(page, 0, PAGE);
	if (!is_zero_page(i))
		memset(page + 100, (int)(i % 255) + 1, 8);
}

/* Written backwards, so that the end of the file comes first. */
static void set_write(uint64_t ahead)
{
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir = NULL;
	struct page_sink *sink = NULL;
	char page[PAGE];
	uint64_t at;

	scratch_clear(dir_path);
	CHECK_OK(image_dir_create(dir_path, NULL, &dir));
	image_dir_prepare_pages(dir, ahead);
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, PID, &sink));
	CHECK(page_sink_ahead(sink) == ahead);
	CHECK_OK(page_sink_run(sink, 0x10000, NR, PAGE_PRESENT, &at));
	for (uint64_t i = NR; i-- > 0;) {
		page_make(page, i);
		if (is_zero_page(i))
			CHECK_OK(page_sink_zeros(sink, at + i * PAGE, 1));
		else
			CHECK_OK(page_sink_data(sink, at + i * PAGE, 1, page));
	}
	CHECK_OK(page_sink_finish(sink));
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
}

static void set_is_right(void)
{
	struct image_dir *dir = NULL;
	struct page_source *src = NULL;
	char want[PAGE], have[PAGE];

	CHECK_OK(set_check(dir_path));
	CHECK_OK(image_dir_open(dir_path, &dir));
	CHECK_OK(page_source_open(dir, IMAGE_PAGEMAP, PID, &src));
	CHECK(page_source_nr_pages(src) == NR);
	for (uint64_t i = 0; i < NR; i++) {
		page_make(want, i);
		CHECK_OK(page_source_read(src, 0x10000 + i * PAGE, 1, have));
		CHECK(!memcmp(want, have, PAGE));
	}
	page_source_close(src);
	image_dir_close(dir);
}

static void zeros_are_holes(void)
{
	set_write(0);
	set_is_right();
	CHECK(blocks_of("pages-1.img") <= NR / 2 * PAGE + PAGE);
}

static void zeros_got_ahead_are_given_back(void)
{
	struct statfs fs;

	CHECK(!statfs(dir_path, &fs));
	if (fs.f_type != TMPFS_MAGIC) {
		fprintf(stderr, "    (no tmpfs, not done)\n");
		return;
	}
	set_write((NR - 70) * PAGE);
	set_is_right();
	CHECK(blocks_of("pages-1.img") <= NR / 2 * PAGE + PAGE);
}

/* A hole where a page was put by others has no zero's sum. */
static void a_lost_page_is_no_zero(void)
{
	char path[128];
	AUTO_FD fd = -1;

	set_write(0);
	file_path(path, sizeof(path), dir_path, "pages-1.img");
	fd = open(path, O_RDWR);
	CHECK(fd >= 0 && !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
	CHECK_ERR(set_check(dir_path), ERR_IMAGE);
}

static void missing_bytes_are_noticed(void)
{
	struct image_dir *dir = NULL;
	struct page_sink *sink = NULL;
	uint64_t at, sums[2] = { 1, 2 };

	scratch_clear(dir_path);
	CHECK_OK(image_dir_create(dir_path, NULL, &dir));
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, PID, &sink));
	CHECK_OK(page_sink_run(sink, 0x1000, 4, PAGE_PRESENT, &at));
	CHECK_OK(page_sink_zeros(sink, at, 2));
	CHECK_OK(page_sink_sums(sink, at + 2 * PAGE, 2, sums));
	CHECK_ERR(page_sink_finish(sink), ERR_BUG); /* the last two were never written */
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, PID + 1, &sink));
	CHECK_OK(page_sink_run(sink, 0x1000, 4, PAGE_PRESENT, &at));
	CHECK_OK(page_sink_sums(sink, at, 2, sums));
	CHECK_OK(page_sink_zeros(sink, at + 2 * PAGE, 2));
	CHECK_ERR(page_sink_finish(sink), ERR_BUG); /* nor the first two */
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, PID + 2, &sink));
	CHECK_OK(page_sink_run(sink, 0x1000, 4, PAGE_PRESENT, &at));
	CHECK_ERR(page_sink_zeros(sink, at + 2 * PAGE, 3), ERR_BUG);
	page_sink_abandon(sink);
	image_dir_discard(dir);
	image_dir_close(dir);
}

int main(void)
{
	strcpy(dir_path, "/dev/shm/unit-image-XXXXXX");
	if (!mkdtemp(dir_path))
		scratch_make(dir_path);
	UNIT_RUN(sums_tell_zeros);
	UNIT_RUN(zeros_are_holes);
	UNIT_RUN(zeros_got_ahead_are_given_back);
	UNIT_RUN(a_lost_page_is_no_zero);
	UNIT_RUN(missing_bytes_are_noticed);
	scratch_remove(dir_path);
	return 0;
}
