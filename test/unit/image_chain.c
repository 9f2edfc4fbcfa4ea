// SPDX-License-Identifier: GPL-2.0-only
/* Which set is whose parent: the link, the mark of the tracker, and what is refused as a parent. */
#include <limits.h>

#include "image/pages.h"
#include "unit/image_util.h"

static char base[64];

/* BASE/NAME, in one of a few buffers. */
static const char *sub(const char *name)
{
	static char paths[4][128];
	static int turn;
	char *path = paths[turn++ % 4];

	file_path(path, sizeof(paths[0]), base, name);
	return path;
}

static void dirs_make(void)
{
	static const char *const names[] = { "1", "2", "3" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		CHECK(!mkdir(sub(names[i]), 0700));
}

static void dirs_clear(void)
{
	static const char *const names[] = { "1", "2", "3" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		scratch_clear(sub(names[i]));
}

/* "parent" of a set, or NULL. */
static const char *link_of(const char *name)
{
	static char text[PATH_MAX];
	char path[128];
	ssize_t len;

	file_path(path, sizeof(path), sub(name), "parent");
	len = readlink(path, text, sizeof(text) - 1);
	if (len < 0)
		return NULL;
	text[len] = 0;
	return text;
}

static void one_page(struct image_dir *dir, uint32_t flags)
{
	struct page_sink *sink = NULL;
	char page[IMAGE_PAGE_SIZE] = "page";
	uint64_t at;

	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, 5, &sink));
	CHECK_OK(page_sink_run(sink, 0x10000, 1, flags, &at));
	if (flags == PAGE_PRESENT)
		CHECK_OK(page_sink_data(sink, at, 1, page));
	CHECK_OK(page_sink_finish(sink));
}

static void set_put(const char *name, const char *parent, uint32_t version)
{
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir = NULL;

	inv.img_version = version;
	CHECK_OK(image_dir_create(sub(name), parent, &dir));
	one_page(dir, parent ? PAGE_IN_PARENT : PAGE_PRESENT);
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
}

static void the_mark_comes_back(void)
{
	static const uint8_t mark[MANIFEST_ID_LEN] = { 9, 8, 7, 6, 5, 4, 3, 2, 1 };
	InventoryEntry inv = plain_inventory();
	struct image_dir *dir = NULL;
	uint8_t got[MANIFEST_ID_LEN] = { 77 };

	set_put("1", NULL, 2);
	CHECK_OK(image_dir_open(sub("1"), &dir));
	CHECK(!image_dir_mark(dir, got) && got[0] == 77);
	image_dir_close(dir);

	CHECK_OK(image_dir_create(sub("1"), NULL, &dir));
	image_dir_set_mark(dir, mark);
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
	CHECK_OK(image_dir_create(sub("2"), "../1", &dir));
	CHECK(image_dir_mark(image_dir_parent(dir), got) && !memcmp(got, mark, sizeof(mark)));
	image_dir_close(dir);

	put_foreign_inventory(sub("1"), 2);
	CHECK_OK(image_dir_open(sub("1"), &dir));
	CHECK(!image_dir_mark(dir, got));
	image_dir_close(dir);
	dirs_clear();
}

static void a_pre_dump_is_a_parent(void)
{
	struct image_dir *dir = NULL;

	set_put("1", NULL, 0);
	set_put("2", "../1", 0);
	set_put("3", "../2", 2);
	CHECK_STR(link_of("2"), "../1");
	CHECK_STR(link_of("3"), "../2");
	CHECK_OK(set_check(sub("3")));
	CHECK_ERR(image_dir_open(sub("2"), &dir), ERR_IMAGE);
	dirs_clear();
}

static void the_link_follows_the_set(void)
{
	struct image_dir *dir = NULL;

	set_put("1", NULL, 0);
	set_put("2", NULL, 0);
	set_put("3", "../1", 2);
	/* Opening changes nothing; a discard leaves none. */
	CHECK_OK(image_dir_create(sub("3"), "../2", &dir));
	CHECK_STR(link_of("3"), "../1");
	CHECK_OK(set_check(sub("3")));
	one_page(dir, PAGE_IN_PARENT);
	CHECK_STR(link_of("3"), "../2");
	image_dir_discard(dir);
	image_dir_close(dir);
	CHECK(!link_of("3") && !scratch_count(sub("3")));

	set_put("3", "../2", 2);
	CHECK_STR(link_of("3"), "../2");
	set_put("3", NULL, 2);
	CHECK(!link_of("3"));
	CHECK_OK(set_check(sub("3")));
	dirs_clear();
}

static void create_refused(const char *name, const char *parent, const char *message)
{
	struct image_dir *dir = NULL;
	struct err *e = image_dir_create(sub(name), parent, &dir);

	CHECK(e && err_code(e) == ERR_IMAGE && err_hint_text(e));
	if (!strstr(err_message(e), message)) {
		fprintf(stderr, "\"%s\" lacks \"%s\"\n", err_message(e), message);
		exit(1);
	}
	err_drop(e, "expected by the test");
}

static void what_is_no_set_is_refused(void)
{
	char path[128];

	create_refused("2", "../1", "no inventory.img");
	create_refused("2", "../nowhere", "missing");
	create_refused("2", "", "missing");
	file_put(sub("1"), "file", "", 0);
	create_refused("2", "../1/file", "no directory");
	put_foreign_inventory(sub("1"), 3);
	create_refused("2", "../1", "version 3");

	/* The parent's parent is away. */
	dirs_clear();
	set_put("1", NULL, 0);
	set_put("2", "../1", 0);
	scratch_clear(sub("1"));
	create_refused("3", "../2", "not the set");
	CHECK(!rmdir(sub("1")));
	create_refused("3", "../2", "missing");
	CHECK(!mkdir(sub("1"), 0700));
	file_path(path, sizeof(path), sub("2"), "parent");
	CHECK(!unlink(path));
	create_refused("3", "../2", "missing");
	dirs_clear();
}

static void loops_are_refused(void)
{
	set_put("1", NULL, 2);
	create_refused("1", "../1", "its own parent");
	create_refused("1", ".", "its own parent");
	set_put("2", "../1", 2);
	create_refused("1", "../2", "its own parent");

	/* Only sets of others can hold a loop: ours are bound to an id that was drawn later. */
	put_foreign_inventory(sub("1"), 2);
	put_foreign_inventory(sub("2"), 2);
	CHECK(!symlink("../2", sub("1/parent")));
	create_refused("3", "../2", "comes back");
	dirs_clear();
}

static void a_foreign_parent_is_taken(void)
{
	struct image_dir *dir = NULL;

	set_put("1", NULL, 2);
	put_foreign_inventory(sub("1"), 0);
	set_put("2", "../1", 2);
	CHECK_OK(image_dir_open(sub("2"), &dir));
	CHECK(image_dir_has_manifest(dir) && !image_dir_has_manifest(image_dir_parent(dir)));
	image_dir_close(dir);
	CHECK_OK(set_check(sub("2")));
	dirs_clear();
}

int main(void)
{
	scratch_make(base);
	dirs_make();
	UNIT_RUN(the_mark_comes_back);
	UNIT_RUN(a_pre_dump_is_a_parent);
	UNIT_RUN(the_link_follows_the_set);
	UNIT_RUN(what_is_no_set_is_refused);
	UNIT_RUN(loops_are_refused);
	UNIT_RUN(a_foreign_parent_is_taken);
	dirs_clear();
	CHECK(!rmdir(sub("1")) && !rmdir(sub("2")) && !rmdir(sub("3")) && !rmdir(base));
	return 0;
}
