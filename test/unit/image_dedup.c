// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removing pages that newer sets have: what is left is right, at whatever step it ends, and nobody restores from what
 * is gone.
 */
#include <limits.h>

#include "image/dedup_priv.h"
#include "image/pages.h"
#include "unit/image_util.h"

enum { PAGE = IMAGE_PAGE_SIZE, PID = 42, SETS = 3 };

/* What each set says of its pages: bytes of a generation, in the parent, or nothing. */
static const char *const plans[SETS] = {
	"1111111111111111 1111 11111111",
	"pp2222pppppp2222 pppp pp2222pp",
	"pppp3333pp333333 p33p 3333p pp",
};

static char base[64];

static const char *sub(int i)
{
	static char paths[4][128];
	static int turn;
	char *path = paths[turn++ % 4], name[2] = { (char)('1' + i) };

	file_path(path, sizeof(paths[0]), base, name);
	return path;
}

static void page_make(char *page, uint64_t p, char generation)
{
	for (size_t i = 0; i < PAGE / sizeof(uint64_t); i++)
		((uint64_t *)page)[i] = p * 31 + i + (uint64_t)generation * 1000003;
}

static void sink_fill(struct image_dir *dir, enum image_kind kind, uint64_t id, const char *plan)
{
	struct page_sink *sink = NULL;
	char page[PAGE];
	uint64_t at;

	CHECK_OK(page_sink_open(dir, kind, id, &sink));
	for (uint64_t p = 0; plan[p]; p++) {
		if (plan[p] == ' ')
			continue;
		CHECK_OK(page_sink_run(sink, p * PAGE, 1,
				       plan[p] == 'p' ? PAGE_IN_PARENT : PAGE_PRESENT, &at));
		page_make(page, p, plan[p]);
		if (plan[p] != 'p')
			CHECK_OK(page_sink_data(sink, at, 1, page));
	}
	CHECK_OK(page_sink_finish(sink));
}

static void set_make(int i, const char *plan, uint32_t version)
{
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir = NULL;
	char parent[8];

	inv.img_version = version;
	snprintf(parent, sizeof(parent), "../%d", i);
	CHECK_OK(image_dir_create(sub(i), i ? parent : NULL, &dir));
	sink_fill(dir, IMAGE_PAGEMAP, PID, plan);
	sink_fill(dir, IMAGE_PAGEMAP_SHMEM, 7, plan);
	/* Of a process that is not in the other sets. */
	sink_fill(dir, IMAGE_PAGEMAP, 100 + (uint64_t)i, "x x");
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
}

static void chain_make(void)
{
	for (int i = 0; i < SETS; i++) {
		scratch_clear(sub(i));
		set_make(i, plans[i], 2);
	}
}

/* The generation that set @i has of page @p, through its parents. */
static char whose(int i, uint64_t p)
{
	while (plans[i][p] == 'p')
		i--;
	return plans[i][p];
}

static void source_check(struct image_dir *dir, enum image_kind kind, uint64_t id, int i)
{
	struct page_source *src = NULL;
	char want[PAGE], have[PAGE];

	CHECK_OK(page_source_open(dir, kind, id, &src));
	for (uint64_t p = 0; plans[i][p]; p++) {
		if (whose(i, p) == ' ')
			continue;
		page_make(want, p, whose(i, p));
		CHECK_OK(page_source_read(src, p * PAGE, 1, have));
		CHECK(!memcmp(want, have, PAGE));
	}
	page_source_close(src);
}

/* Set @i can be restored and has the right bytes. */
static void set_is_whole(int i)
{
	struct image_dir *dir = NULL;

	CHECK_OK(set_check(sub(i)));
	CHECK_OK(image_dir_open(sub(i), &dir));
	source_check(dir, IMAGE_PAGEMAP, PID, i);
	source_check(dir, IMAGE_PAGEMAP_SHMEM, 7, i);
	image_dir_close(dir);
}

static void refused(struct err *e, const char *message, const char *hint)
{
	CHECK(e && err_code(e) == ERR_IMAGE && err_hint_text(e));
	if (!strstr(err_message(e), message) || !strstr(err_hint_text(e), hint)) {
		fprintf(stderr, "\"%s\" lacks \"%s\", or \"%s\" lacks \"%s\"\n", err_message(e),
			message, err_hint_text(e), hint);
		exit(1);
	}
	err_drop(e, "expected by the test");
}

/* Set @i lost pages and says which set is to be taken. */
static void set_is_leaner(int i, const char *newer)
{
	struct image_dir *dir = NULL;

	CHECK_OK(set_check(sub(i)));
	refused(image_dir_open(sub(i), &dir), "pages were removed", newer);
}

static bool page_is_hole(int i, const char *file, uint64_t page)
{
	char path[256];
	AUTO_FD fd = -1;

	file_path(path, sizeof(path), sub(i), file);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	return lseek(fd, (off_t)(page * PAGE), SEEK_DATA) != (off_t)(page * PAGE);
}

/* Holes are where set @by has a page of its own, and nowhere else. */
static void holes_check(int i, int by)
{
	uint64_t page = 0;

	for (uint64_t p = 0; plans[i][p]; p++) {
		if (plans[i][p] == ' ' || plans[i][p] == 'p')
			continue;
		CHECK(page_is_hole(i, "pages-1.img", page) == (plans[by][p] == '1' + by));
		CHECK(page_is_hole(i, "pages-2.img", page) == (plans[by][p] == '1' + by));
		page++;
	}
	CHECK(!page_is_hole(i, "pages-3.img", 0));
}

static void parents_lose_what_the_set_has(void)
{
	struct dedup_stats stats = { 0 };
	struct image_dir *dir = NULL;
	size_t len;
	AUTO_FREE char *map = NULL, *same = NULL;

	chain_make();
	map = file_get(sub(0), "pagemap-42.img", &len);
	CHECK_OK(image_dir_open(sub(2), &dir));
	CHECK_OK(image_dedup(dir, &stats));
	image_dir_close(dir);
	set_is_whole(2);
	holes_check(0, 2);
	holes_check(1, 2);
	set_is_leaner(0, sub(2));
	set_is_leaner(1, sub(2));
	/* 11 of 26 pages are new in the last set: once of the first set, 6 of the second. */
	CHECK(stats.nr_bytes == stats.nr_pages * PAGE);
	same = file_get(sub(0), "pagemap-42.img", &len);
	CHECK(!memcmp(map, same, len));

	/* Again: nothing is left to be given back. */
	stats = (struct dedup_stats){ 0 };
	CHECK_OK(image_dir_open(sub(2), &dir));
	CHECK_OK(image_dedup(dir, &stats));
	image_dir_close(dir);
	CHECK(!stats.nr_bytes);
	set_is_whole(2);
}

/* As dumps with --auto-dedup do: each set at once after its commit. */
static void one_after_the_other(void)
{
	for (int i = 0; i < SETS; i++)
		scratch_clear(sub(i));
	set_make(0, plans[0], 0);
	for (int i = 1; i < SETS; i++) {
		struct image_dir *dir = NULL;

		set_make(i, plans[i], i < 2 ? 0 : 2);
		CHECK_OK(image_dir_open_any(sub(i), &dir));
		CHECK_OK(image_dedup(dir, NULL));
		image_dir_close(dir);
		CHECK_OK(set_check(sub(i)));
	}
	set_is_whole(2);
	CHECK_OK(set_check(sub(1)));
	CHECK_OK(set_check(sub(0)));
}

/* Right after the commit, with the directory that was written. */
static void a_dump_does_it_itself(void)
{
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir = NULL;

	chain_make();
	scratch_clear(sub(2));
	CHECK_OK(image_dir_create(sub(2), "../2", &dir));
	sink_fill(dir, IMAGE_PAGEMAP, PID, plans[2]);
	sink_fill(dir, IMAGE_PAGEMAP_SHMEM, 7, plans[2]);
	CHECK_ERR(image_dedup(dir, NULL), ERR_BUG);
	CHECK_OK(image_dir_commit(dir, &inv));
	CHECK_OK(image_dedup(dir, NULL));
	image_dir_close(dir);
	set_is_whole(2);
	holes_check(0, 2);
	holes_check(1, 2);
}

static bool lost_pages(int i)
{
	struct image_dir *dir = NULL;
	struct err *e = image_dir_open(sub(i), &dir);

	CHECK(!e || err_code(e) == ERR_IMAGE);
	if (e)
		err_drop(e, "expected by the test");
	image_dir_close(dir);
	return e;
}

/* The set is as it was with its bytes, or leaner; never damaged. */
static void set_is_old_or_leaner(int i)
{
	struct image_dir *dir = NULL;

	CHECK_OK(set_check(sub(i)));
	if (lost_pages(i))
		return;
	/* Pages of the older one may be gone already, which is known before anything is done with them. */
	CHECK_OK(image_dir_open(sub(i), &dir));
	if (!i || !lost_pages(i - 1))
		source_check(dir, IMAGE_PAGEMAP, PID, i);
	image_dir_close(dir);
}

static void it_may_end_at_every_step(void)
{
	struct err *e = NULL;
	unsigned int at = 0;

	do {
		struct stop stop = { .at = at++ };
		struct image_dir *dir = NULL;

		chain_make();
		CHECK_OK(image_dir_open(sub(2), &dir));
		e = dedup_with(dir, NULL, &stop);
		CHECK(!e || err_code(e) == ERR_BUG);
		if (e)
			err_drop(e, "expected by the test");
		image_dir_close(dir);
		set_is_whole(2);
		set_is_old_or_leaner(1);
		set_is_old_or_leaner(0);

		/* The next one ends what was begun. */
		CHECK_OK(image_dir_open(sub(2), &dir));
		CHECK_OK(image_dedup(dir, NULL));
		image_dir_close(dir);
		set_is_whole(2);
		holes_check(0, 2);
		holes_check(1, 2);
		set_is_leaner(0, sub(2));
		set_is_leaner(1, sub(2));
	} while (e);
	CHECK(at > 16);
}

/* Another child of a set that lost pages to the first one. */
static void a_branch_is_not_restored_wrongly(void)
{
	struct image_dir *dir = NULL;
	struct page_source *src = NULL;
	struct page_extent ext;
	bool found;

	chain_make();
	scratch_clear(sub(2));
	set_make(2, "pppppppppppppppp pppp pppppppp", 2);
	CHECK(!mkdir(sub(3), 0700));
	CHECK(!rename(sub(2), sub(3))); /* a branch of set 2 */
	CHECK(!mkdir(sub(2), 0700));
	set_make(2, plans[2], 2);
	CHECK_OK(image_dir_open(sub(2), &dir));
	CHECK_OK(image_dedup(dir, NULL));
	image_dir_close(dir);
	set_is_whole(2);
	refused(set_check(sub(3)), "was removed from", sub(2));
	CHECK_OK(image_dir_open(sub(3), &dir));
	refused(page_source_open(dir, IMAGE_PAGEMAP, PID, &src), "was removed from", sub(2));
	image_dir_close(dir);

	/* A dump on top of the leaner set takes from it what is left. */
	scratch_clear(sub(3));
	CHECK_OK(image_dir_create(sub(3), "../2", &dir));
	CHECK_OK(page_source_stream(image_dir_parent(dir), IMAGE_PAGEMAP, PID, &src));
	for (uint64_t p = 0; plans[1][p]; p++) {
		bool is_there = whose(1, p) != ' ' && plans[2][p] != '3';

		for (int again = 0; again < 2; again++) {
			CHECK_OK(page_source_next(src, p * PAGE, &ext, &found));
			CHECK(is_there == (found && ext.start == p * PAGE));
		}
	}
	page_source_close(src);
	image_dir_close(dir);
	scratch_remove(sub(3));
}

/* Sets of CRIU have no manifest: only the bytes go. */
static void foreign_parents_lose_pages(void)
{
	struct image_dir *dir = NULL;
	char path[256];

	chain_make();
	for (int i = 0; i < 2; i++) {
		put_foreign_inventory(sub(i), 2);
		file_path(path, sizeof(path), sub(i), "manifest.criu-lite");
		CHECK(!unlink(path));
	}
	scratch_clear(sub(2));
	set_make(2, plans[2], 2);
	CHECK_OK(image_dir_open(sub(2), &dir));
	CHECK_OK(image_dedup(dir, NULL));
	image_dir_close(dir);
	set_is_whole(2);
	holes_check(0, 2);
	holes_check(1, 2);
}

static void a_restore_uses_the_pages_up(void)
{
	struct dedup_stats stats = { 0 };
	struct image_dir *dir = NULL;

	chain_make();
	CHECK_OK(image_dir_open(sub(2), &dir));
	CHECK_OK(image_consume(dir, &stats));
	CHECK_OK(image_consume(dir, NULL));
	image_dir_close(dir);
	for (int i = 0; i < SETS; i++) {
		CHECK_OK(set_check(sub(i)));
		refused(image_dir_open(sub(i), &dir), "pages were removed", "--auto-dedup");
	}
	CHECK(page_is_hole(2, "pages-1.img", 0) && page_is_hole(2, "pages-3.img", 0));
	CHECK(page_is_hole(0, "pages-1.img", 0) && !page_is_hole(0, "pages-1.img", 4));
	CHECK(stats.nr_bytes == stats.nr_pages * PAGE);
}

/* A set used anew is whole again and has nothing of what it was. */
static void a_leaner_set_may_be_overwritten(void)
{
	struct image_dir *dir = NULL;

	chain_make();
	CHECK_OK(image_dir_open(sub(2), &dir));
	CHECK_OK(image_dedup(dir, NULL));
	image_dir_close(dir);
	set_make(0, plans[0], 2);
	CHECK_OK(image_dir_open(sub(0), &dir));
	source_check(dir, IMAGE_PAGEMAP, PID, 0);
	image_dir_close(dir);
	CHECK_ERR(image_dir_open(sub(2), &dir), ERR_IMAGE);
}

int main(void)
{
	strcpy(base, "/dev/shm/unit-image-XXXXXX");
	if (!mkdtemp(base))
		scratch_make(base);
	for (int i = 0; i < SETS; i++)
		CHECK(!mkdir(sub(i), 0700));
	UNIT_RUN(parents_lose_what_the_set_has);
	UNIT_RUN(one_after_the_other);
	UNIT_RUN(a_dump_does_it_itself);
	UNIT_RUN(it_may_end_at_every_step);
	UNIT_RUN(a_branch_is_not_restored_wrongly);
	UNIT_RUN(foreign_parents_lose_pages);
	UNIT_RUN(a_restore_uses_the_pages_up);
	UNIT_RUN(a_leaner_set_may_be_overwritten);
	for (int i = 0; i < SETS; i++)
		scratch_remove(sub(i));
	CHECK(!rmdir(base));
	return 0;
}
