// SPDX-License-Identifier: GPL-2.0-only
/* One set of a chain: the pages of all, everything else byte for byte, and nothing at all when it cannot be. */
#include "ghost-file.pb-c.h"

#include "image/dedup.h"
#include "image/level_priv.h"
#include "image/squash.h"
#include "unit/image_util.h"

enum { PAGE = IMAGE_PAGE_SIZE, PID = 42, SETS = 4, NR = 700 };

static char dirs[SETS][64], out[80];

/* What set @i says of page @p: 'p' in the parent, '0' zeros, ' ' nothing, or a generation. */
static char plan(int i, uint64_t p)
{
	uint64_t dice = (p / 3 * 7919 + (uint64_t)i * 104729) % 11;

	if (p >= 100 && p < 400) /* long runs, to be cloned where that can be */
		return i ? 'p' : 'a';
	if (dice < 2)
		return ' ';
	if (i && dice < 7 && plan(i - 1, p) != ' ')
		return 'p';
	return dice == 7 ? '0' : (char)('a' + i);
}

static char whose(int i, uint64_t p)
{
	char c;

	while ((c = plan(i, p)) == 'p')
		i--;
	return c;
}

static void page_make(char *page, uint64_t p, char what)
{
	memset(page, 0, PAGE);
	for (size_t i = 0; what != '0' && i < PAGE / sizeof(uint64_t); i++)
		((uint64_t *)page)[i] = p * 31 + i + (uint64_t)what * 1000003;
}

static void pages_put(struct image_dir *dir, enum image_kind kind, uint64_t id, int i)
{
	struct page_sink *sink = NULL;
	char page[PAGE];
	uint64_t at;

	CHECK_OK(page_sink_open(dir, kind, id, &sink));
	for (uint64_t p = 0; p < NR; p++) {
		char what = plan(i, p);
		uint32_t flags = p % 100 < 50 ? PAGE_PRESENT : PAGE_PRESENT | PAGE_LAZY;

		if (what == ' ')
			continue;
		CHECK_OK(page_sink_run(sink, p * PAGE, 1, what == 'p' ? PAGE_IN_PARENT : flags,
				       &at));
		page_make(page, p, what);
		if (what != 'p')
			CHECK_OK(page_sink_data(sink, at, 1, page));
	}
	CHECK_OK(page_sink_finish(sink));
}

static void others_put(struct image_dir *dir)
{
	GhostFileEntry ghost = GHOST_FILE_ENTRY__INIT;
	char payload[3000];

	memset(payload, 7, sizeof(payload));
	CHECK_OK(image_append(dir, IMAGE_ROUTE, 9, payload, sizeof(payload)));
	ghost.mode = 0644;
	CHECK_OK(image_write(dir, IMAGE_GHOST_FILE, 3, &ghost.base));
	CHECK_OK(image_append(dir, IMAGE_GHOST_FILE, 3, payload, sizeof(payload)));
	CHECK_OK(image_append(dir, IMAGE_TTY_DATA, 0, payload, 0));
}

static void chain_make(uint32_t last_version)
{
	static const uint8_t mark[MANIFEST_ID_LEN] = { 4, 3, 2, 1 };

	for (int i = 0; i < SETS; i++) {
		InventoryEntry inv = plain_inventory();
		IterationEntry it = ITERATION_ENTRY__INIT;
		struct image_dir *dir = NULL;

		scratch_clear(dirs[i]);
		CHECK_OK(image_dir_create(dirs[i], i ? dirs[i - 1] : NULL, &dir));
		pages_put(dir, IMAGE_PAGEMAP, PID, i);
		pages_put(dir, IMAGE_PAGEMAP_SHMEM, 5, i);
		if (i == SETS - 1)
			others_put(dir);
		it.tracker = "soft-dirty";
		it.has_parent = it.has_taken_us = true;
		it.parent = it.taken_us = 77;
		it.full_because = "x";
		inv.iteration = &it;
		inv.img_version = i == SETS - 1 ? last_version : 0;
		image_dir_set_mark(dir, mark);
		CHECK_OK(image_dir_commit(dir, &inv));
		image_dir_close(dir);
	}
}

static struct err *squash(const char *path, struct squash_stats *stats)
{
	struct image_dir *dir = NULL;
	struct err *e;

	TRY(image_dir_open(path, &dir));
	e = image_squash(dir, out, NULL, stats);
	image_dir_close(dir);
	return e;
}

static void pages_check(struct image_dir *dir, enum image_kind kind, uint64_t id)
{
	struct page_source *src = NULL;
	char want[PAGE], have[PAGE];
	uint64_t nr = 0;

	CHECK_OK(page_source_open(dir, kind, id, &src));
	for (uint64_t p = 0; p < NR; p++) {
		struct page_extent ext;
		bool found;

		if (whose(SETS - 1, p) == ' ')
			continue;
		CHECK_OK(page_source_find(src, p * PAGE, &ext, &found));
		CHECK(found && ext.start == p * PAGE);
		CHECK(ext.flags == (p % 100 < 50 ? PAGE_PRESENT : PAGE_PRESENT | PAGE_LAZY));
		page_make(want, p, whose(SETS - 1, p));
		CHECK_OK(page_source_read(src, p * PAGE, 1, have));
		CHECK(!memcmp(want, have, PAGE));
		nr++;
	}
	CHECK(nr == page_source_nr_pages(src));
	page_source_close(src);
}

static void same_file(const char *name)
{
	size_t len_a, len_b;
	AUTO_FREE char *a = file_get(dirs[SETS - 1], name, &len_a);
	AUTO_FREE char *b = file_get(out, name, &len_b);

	CHECK(len_a == len_b && !memcmp(a, b, len_a));
}

static uint64_t nr_zeros(void)
{
	uint64_t nr = 0;

	for (uint64_t p = 0; p < NR; p++)
		nr += whose(SETS - 1, p) == '0';
	return nr;
}

static void result_check(const struct squash_stats *stats)
{
	struct image_dir *dir = NULL;
	char path[128];
	struct stat st;

	CHECK(stats->nr_sets == SETS && stats->nr_zero == 2 * nr_zeros());
	CHECK_OK(set_check(out));
	CHECK_OK(image_dir_open(out, &dir));
	CHECK(!image_dir_parent(dir) && image_dir_has_manifest(dir));
	pages_check(dir, IMAGE_PAGEMAP, PID);
	pages_check(dir, IMAGE_PAGEMAP_SHMEM, 5);
	CHECK(image_dir_inventory(dir)->root_cg_set == 1);
	image_dir_close(dir);
	same_file("route-9.img");
	same_file("ghost-file-3.img");
	same_file("tty-data.img");
	file_path(path, sizeof(path), out, "pages-1.img");
	CHECK(!stat(path, &st));
	CHECK((uint64_t)st.st_blocks * 512 <= (uint64_t)st.st_size - nr_zeros() * PAGE + PAGE);
}

static void a_chain_becomes_one_set(void)
{
	struct squash_stats stats;
	struct image_dir *dir = NULL;
	uint8_t mark[MANIFEST_ID_LEN], old_id[MANIFEST_ID_LEN];
	const IterationEntry *it;

	chain_make(2);
	CHECK_OK(squash(dirs[SETS - 1], &stats));
	for (int i = 0; i < SETS; i++)
		scratch_clear(dirs[i]);
	chain_make(2); /* the same bytes, for same_file() */
	CHECK_OK(image_dir_open(dirs[SETS - 1], &dir));
	memcpy(old_id, dir->id, sizeof(old_id));
	image_dir_close(dir);
	result_check(&stats);
	CHECK_OK(image_dir_open(out, &dir));
	CHECK(image_dir_mark(dir, mark) && mark[0] == 4 && memcmp(dir->id, old_id, sizeof(old_id)));
	it = image_dir_inventory(dir)->iteration;
	CHECK_STR(it->tracker, "soft-dirty");
	CHECK(it->taken_us == 77 && !it->parent && it->written == stats.nr_pages);
	CHECK(it->zero == stats.nr_zero && !it->full_because);
	image_dir_close(dir);
	scratch_clear(out);
}

static void foreign_chains_are_taken(void)
{
	struct squash_stats stats;
	char path[128];

	chain_make(2);
	for (int i = 0; i < SETS; i++) {
		put_foreign_inventory(dirs[i], i == SETS - 1 ? 2 : 0);
		file_path(path, sizeof(path), dirs[i], MANIFEST_NAME);
		CHECK(!unlink(path));
	}
	file_put(dirs[SETS - 1], "plugin-of-somebody.img", "bytes", 5);
	file_put(dirs[SETS - 1], "stats-dump", "no image", 8);
	file_put(dirs[SETS - 1], "dump.log", "no image", 8);
	CHECK_OK(squash(dirs[SETS - 1], &stats));
	result_check(&stats);
	same_file("plugin-of-somebody.img");
	file_path(path, sizeof(path), out, "stats-dump");
	CHECK(access(path, F_OK));
	scratch_clear(out);
}

static void version_1_stays_version_1(void)
{
	static const uint8_t map[] = { 0x25, 0x40, 0x08, 0x56, 2,    0,	 0,  0, 8,  1, 7,
				       0,    0,	   0,	 8,    0x80, 32, 16, 1, 24, 0 };
	struct squash_stats stats;
	struct image_dir *dir = NULL;
	struct page_source *src = NULL;
	char page[PAGE] = "page";

	scratch_clear(dirs[0]);
	put_foreign_inventory(dirs[0], 1);
	file_put(dirs[0], "pagemap-42.img", map, sizeof(map));
	file_put(dirs[0], "pages-1.img", page, PAGE);
	CHECK_OK(squash(dirs[0], &stats));
	CHECK(stats.nr_pages == 1);
	CHECK_OK(set_check(out));
	CHECK_OK(image_dir_open(out, &dir));
	CHECK_OK(page_source_open(dir, IMAGE_PAGEMAP, PID, &src));
	CHECK_OK(page_source_read(src, PAGE, 1, page));
	CHECK_STR(page, "page");
	page_source_close(src);
	image_dir_close(dir);
	scratch_clear(out);
}

static void refused(struct err *e, enum err_code code, const char *message)
{
	CHECK(e && err_code(e) == code);
	if (!strstr(err_message(e), message)) {
		fprintf(stderr, "\"%s\" lacks \"%s\"\n", err_message(e), message);
		exit(1);
	}
	err_drop(e, "expected by the test");
}

static void nothing_is_left_of_a_failure(void)
{
	struct squash_stats stats;
	struct image_dir *dir = NULL;
	size_t len, at = 0;
	AUTO_FREE char *bytes = NULL;

	chain_make(0);
	refused(squash(dirs[SETS - 1], &stats), ERR_IMAGE, "pre-dump");
	chain_make(2);
	bytes = file_get(dirs[0], "pages-2.img", &len);
	for (uint64_t p = 0; p < 399; p++) /* in front of a page that is not written again */
		at += plan(0, p) != ' ';
	bytes[at * PAGE] ^= 1;
	file_put(dirs[0], "pages-2.img", bytes, len);
	refused(squash(dirs[SETS - 1], &stats), ERR_IMAGE, "checksum");
	CHECK(!scratch_count(out));

	chain_make(2);
	CHECK_OK(squash(dirs[SETS - 1], &stats));
	refused(squash(dirs[SETS - 1], &stats), ERR_USAGE, "holds a set already");
	CHECK_OK(set_check(out));
	scratch_clear(out);

	CHECK_OK(image_dir_open(dirs[SETS - 1], &dir));
	CHECK_OK(image_dedup(dir, NULL));
	image_dir_close(dir);
	CHECK_OK(squash(dirs[SETS - 1], &stats));
	result_check(&stats);
	scratch_clear(out);
	CHECK_OK(image_dir_open(dirs[SETS - 1], &dir));
	CHECK_OK(image_consume(dir, NULL));
	image_dir_close(dir);
	refused(squash(dirs[SETS - 1], &stats), ERR_IMAGE, "pages were removed");
	CHECK(!scratch_count(out));
}

int main(void)
{
	for (int i = 0; i < SETS; i++)
		scratch_make(dirs[i]);
	scratch_make(out);
	UNIT_RUN(a_chain_becomes_one_set);
	UNIT_RUN(foreign_chains_are_taken);
	UNIT_RUN(version_1_stays_version_1);
	UNIT_RUN(nothing_is_left_of_a_failure);
	for (int i = 0; i < SETS; i++)
		scratch_remove(dirs[i]);
	scratch_remove(out);
	return 0;
}
