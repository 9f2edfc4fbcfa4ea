// SPDX-License-Identifier: GPL-2.0-only
/* Chains read from bottom to top without keeping them: the same pages as the list has. */
#include "image/pages.h"
#include "unit/image_util.h"

enum { PAGE = IMAGE_PAGE_SIZE, PID = 42, LEVELS = 6, SPACE = 3000 };

static char dirs[LEVELS][64];

/* Which generation a page's bytes are of; 0: there is no page. */
static uint8_t model[SPACE];

static uint64_t dice(uint64_t *state, uint64_t sides)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*state >> 33) % sides;
}

static void page_make(char *page, uint64_t number, int generation)
{
	for (size_t i = 0; i < PAGE / sizeof(uint64_t); i++)
		((uint64_t *)page)[i] = number * 31 + i + (uint64_t)generation * 1000003;
}

static void add_run(struct page_sink *sink, uint64_t first, uint64_t nr, uint32_t flags,
		    int generation)
{
	char page[PAGE];
	uint64_t at;

	CHECK_OK(page_sink_run(sink, first * PAGE, nr, flags, &at));
	for (uint64_t i = 0; flags & PAGE_PRESENT && i < nr; i++) {
		page_make(page, first + i, generation);
		CHECK_OK(page_sink_data(sink, at + i * PAGE, 1, page));
		model[first + i] = (uint8_t)generation;
	}
}

/* Pages that the parent has, from @first on. */
static uint64_t known(uint64_t first, uint64_t max)
{
	uint64_t nr = 0;

	while (nr < max && model[first + nr])
		nr++;
	return nr;
}

static void level_make(int level, uint64_t *state)
{
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir = NULL;
	struct page_sink *sink = NULL;
	uint64_t at = 0;

	CHECK_OK(image_dir_create(dirs[level], level ? dirs[level - 1] : NULL, &dir));
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, PID, &sink));
	while (at < SPACE) {
		uint64_t what = dice(state, 4), some = 1 + dice(state, 40);
		uint64_t nr = MIN(some, SPACE - at), have = known(at, nr);

		if (what && have) {
			nr = have;
			add_run(sink, at, nr, PAGE_IN_PARENT, 0);
		} else if (what == 1) {
			add_run(sink, at, nr, PAGE_PRESENT | (dice(state, 2) ? PAGE_LAZY : 0),
				level + 1);
		} else {
			memset(model + at, 0, nr);
		}
		at += nr;
	}
	CHECK_OK(page_sink_finish(sink));
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
}

static void chain_make(uint64_t seed)
{
	memset(model, 0, sizeof(model));
	for (int i = 0; i < LEVELS; i++) {
		scratch_clear(dirs[i]);
		level_make(i, &seed);
	}
}

static void extent_check(struct page_source *src, const struct page_extent *ext)
{
	char want[PAGE], have[PAGE];

	for (uint64_t i = 0; i < ext->nr_pages; i++) {
		uint64_t number = ext->start / PAGE + i;

		page_make(want, number, model[number]);
		CHECK_OK(page_source_load(src, ext, i, 1, have));
		CHECK(!memcmp(want, have, PAGE));
	}
}

static void every_page_once(struct page_source *src)
{
	struct page_extent ext;
	uint64_t at = 0;
	bool found;

	for (;;) {
		CHECK_OK(page_source_next(src, at * PAGE, &ext, &found));
		for (; at < (found ? ext.start / PAGE : SPACE); at++)
			CHECK(!model[at]);
		if (!found)
			break;
		extent_check(src, &ext);
		at += ext.nr_pages;
	}
	CHECK(at == SPACE);
}

/* Leaving pages out and asking twice gives what a search in the list gives. */
static void as_the_list_says(struct page_source *src, struct page_source *list, uint64_t *state)
{
	for (uint64_t at = 0; at < SPACE; at += dice(state, 9)) {
		struct page_extent a, b;
		bool found_a, found_b;

		CHECK_OK(page_source_next(src, at * PAGE, &a, &found_a));
		CHECK_OK(page_source_find(list, at * PAGE, &b, &found_b));
		CHECK(found_a == found_b);
		if (found_a)
			CHECK(a.start == b.start && a.offset == b.offset && a.file == b.file &&
			      a.flags == b.flags && a.sums == b.sums && a.nr_pages <= b.nr_pages);
	}
}

static void streams_are_right(void)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct page_source *src = NULL, *again = NULL, *list = NULL;
		struct image_dir *dir = NULL;
		uint64_t state = seed;

		chain_make(seed);
		CHECK_OK(image_dir_open(dirs[LEVELS - 1], &dir));
		CHECK_OK(page_source_stream(dir, IMAGE_PAGEMAP, PID, &src));
		every_page_once(src);
		CHECK_OK(page_source_stream(dir, IMAGE_PAGEMAP, PID, &again));
		CHECK_OK(page_source_open(dir, IMAGE_PAGEMAP, PID, &list));
		as_the_list_says(again, list, &state);
		page_source_close(src);
		page_source_close(again);
		page_source_close(list);
		image_dir_close(dir);
	}
}

static void a_stream_goes_up_only(void)
{
	struct page_source *src = NULL;
	struct image_dir *dir = NULL;
	struct page_extent ext;
	bool found;

	CHECK_OK(image_dir_open(dirs[LEVELS - 1], &dir));
	CHECK_OK(page_source_stream(dir, IMAGE_PAGEMAP, PID, &src));
	CHECK_OK(page_source_next(src, 100 * PAGE, &ext, &found));
	CHECK_OK(page_source_next(src, 100 * PAGE, &ext, &found));
	CHECK_ERR(page_source_next(src, 99 * PAGE, &ext, &found), ERR_BUG);
	page_source_close(src);
	image_dir_close(dir);
}

/* As a dump asks: by the directory that it writes. */
static void a_dump_asks_its_parents(void)
{
	struct page_source *src = NULL;
	struct image_dir *dir = NULL, *parent;
	char path[64];

	scratch_make(path);
	CHECK_OK(image_dir_create(path, dirs[LEVELS - 1], &dir));
	parent = image_dir_parent(dir);
	CHECK(image_exists(parent, IMAGE_PAGEMAP, PID));
	CHECK(!image_exists(parent, IMAGE_PAGEMAP, PID + 1));
	CHECK(!image_exists(parent, IMAGE_PAGEMAP_SHMEM, PID));
	CHECK_ERR(page_source_stream(parent, IMAGE_PAGEMAP, PID + 1, &src), ERR_IMAGE);
	CHECK_OK(page_source_stream(parent, IMAGE_PAGEMAP, PID, &src));
	every_page_once(src);
	page_source_close(src);
	image_dir_close(dir);
	scratch_remove(path);
}

int main(void)
{
	for (int i = 0; i < LEVELS; i++)
		scratch_make(dirs[i]);
	UNIT_RUN(streams_are_right);
	UNIT_RUN(a_stream_goes_up_only);
	UNIT_RUN(a_dump_asks_its_parents);
	for (int i = 0; i < LEVELS; i++)
		scratch_remove(dirs[i]);
	return 0;
}
