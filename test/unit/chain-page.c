// SPDX-License-Identifier: GPL-2.0-only
/* The page of a chain stays small however much there is to draw, and counts every page that it draws. */
#include "flow/chain_map.h"
#include "image/pages.h"
#include "unit/image_util.h"

enum { PAGE = IMAGE_PAGE_SIZE, SETS = 30, TASKS = 40, RUNS = 400, PAGE_MAX = 1 << 20 };

static char base[64];

static const char *sub(int i)
{
	static char path[128];
	char name[16];

	snprintf(name, sizeof(name), "%d", i);
	file_path(path, sizeof(path), base, name);
	return path;
}

static uint64_t dice(uint64_t *state, uint64_t sides)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*state >> 33) % sides;
}

/* Runs near and far from each other, some a terabyte away; those of a set are drawn anew in each. */
static void task_put(struct image_dir *dir, int set, uint64_t id, int nr_runs)
{
	struct page_sink *sink = NULL;
	uint64_t places = id * 7, state = id * 1000 + (uint64_t)set, addr = 0x10000, at;

	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, id, &sink));
	for (int i = 0; i < nr_runs; i++) {
		uint64_t nr = 1 + dice(&places, dice(&places, 20) ? 9 : 5000);
		bool is_new = !set || !dice(&state, 5);

		addr += dice(&places, 30) ? dice(&places, 300) * PAGE : 1ULL << 40;
		CHECK_OK(
			page_sink_run(sink, addr, nr, is_new ? PAGE_PRESENT : PAGE_IN_PARENT, &at));
		if (is_new)
			CHECK_OK(page_sink_zeros(sink, at, nr));
		addr += nr * PAGE;
	}
	CHECK_OK(page_sink_finish(sink));
}

static void chain_make(int nr_sets, int nr_tasks, int nr_runs)
{
	for (int i = 0; i < nr_sets; i++) {
		InventoryEntry inv = plain_inventory();
		struct image_dir *dir = NULL;
		char parent[16];

		inv.img_version = 0;
		snprintf(parent, sizeof(parent), "../%d", i - 1);
		CHECK(!mkdir(sub(i), 0700));
		CHECK_OK(image_dir_create(sub(i), i ? parent : NULL, &dir));
		for (int t = 1; t <= nr_tasks; t++)
			task_put(dir, i, (uint64_t)t, nr_runs);
		CHECK_OK(image_dir_commit(dir, &inv));
		image_dir_close(dir);
	}
}

static void chain_remove(int nr_sets)
{
	for (int i = 0; i < nr_sets; i++)
		scratch_remove(sub(i));
}

static size_t page_write(struct chain *c)
{
	char path[128];
	size_t len;

	file_path(path, sizeof(path), base, "page.html");
	CHECK_OK(chain_page_write(c, path));
	free(file_get(base, "page.html", &len));
	CHECK(!unlink(path));
	fprintf(stderr, "    %zu sets: %zu bytes\n", c->nr, len);
	return len;
}

/* Ascending, apart, and every page of the sets shown in some cell. */
static void space_check(struct chain *c, struct map_space *space, const struct map_limits *limits)
{
	CHECK_OK(map_fill(c, space, limits));
	CHECK(space->nr && space->nr <= limits->ranges_max);
	for (size_t i = 0; i < space->nr; i++) {
		const struct map_range *r = &space->ranges[i];

		CHECK(r->start < r->end && r->nr_cells && r->nr_cells <= limits->cells_max);
		CHECK(r->nr_cells <= range_pages(r));
		CHECK(!i || space->ranges[i - 1].end <= r->start);
	}
	for (size_t s = limits->first_set; s < c->nr; s++) {
		uint64_t have[FATE_NR] = { 0 }, want[FATE_NR] = { 0 };
		struct page_source *src = NULL;

		for (size_t i = 0; i < space->nr; i++)
			for (uint32_t k = 0; k < space->ranges[i].nr_cells; k++)
				for (int f = 0; f < FATE_NR; f++)
					have[f] +=
						space->ranges[i]
							.cells[(s - limits->first_set) *
								       space->ranges[i].nr_cells +
							       k]
							.pages[f];
		CHECK_OK(page_source_open(c->sets[s].dir, IMAGE_PAGEMAP, space->id, &src));
		for (size_t i = 0; i < page_source_nr(src); i++) {
			struct page_extent e;

			CHECK_OK(page_source_get(src, i, &e));
			want[e.file ? FATE_PARENT : FATE_ZERO] += e.nr_pages;
		}
		page_source_close(src);
		CHECK(!memcmp(have, want, sizeof(have)));
	}
}

static void spaces_check(struct chain *c)
{
	const struct map_limits limits = { .first_set = c->nr / 2,
					   .cells_max = 17,
					   .ranges_max = 23 };
	struct map_space *spaces = NULL;
	size_t nr = 0;

	CHECK_OK(map_spaces(c, &spaces, &nr));
	for (size_t i = 0; i < nr; i++) {
		CHECK(!i || spaces[i - 1].written >= spaces[i].written);
		space_check(c, &spaces[i], &limits);
	}
}

static void one_chain(int nr_sets, int nr_tasks, int nr_runs)
{
	struct chain c = { .arena = arena_new() };
	struct image_dir *dir = NULL;

	chain_make(nr_sets, nr_tasks, nr_runs);
	CHECK_OK(image_dir_open_any(sub(nr_sets - 1), &dir));
	CHECK_OK(chain_read(&c, dir));
	CHECK(c.nr == (size_t)nr_sets);
	CHECK_STR(c.sets[0].name, "0");
	CHECK(page_write(&c) < PAGE_MAX);
	spaces_check(&c);
	image_dir_close(dir);
	arena_free(c.arena);
	chain_remove(nr_sets);
}

static void large_chains_make_small_pages(void)
{
	one_chain(1, 1, 1);
	one_chain(1, TASKS, RUNS);
	one_chain(3, TASKS, RUNS);
	one_chain(SETS, 5, RUNS);
	one_chain(5, 1, 20 * RUNS);
}

int main(void)
{
	scratch_make(base);
	UNIT_RUN(large_chains_make_small_pages);
	CHECK(!rmdir(base));
	return 0;
}
