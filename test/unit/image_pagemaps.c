// SPDX-License-Identifier: GPL-2.0-only
/* Page maps as bytes of others: what all versions have written, and what nobody should. */
#include "image/pages.h"
#include "image/wire.h"
#include "unit/image_util.h"

enum { PAGE = IMAGE_PAGE_SIZE, PID = 42 };

static char path[64];

/* A foreign set with one pagemap of these bytes behind the magic words. */
static struct err *pagemap_check(const uint8_t *bytes, size_t len, size_t nr_pages)
{
	static const uint8_t head[8] = { 0x19, 0x43, 0x56, 0x54, 0x25, 0x40, 0x08, 0x56 };
	AUTO_FREE char *pages = calloc(nr_pages + 1, PAGE);
	uint8_t file[512];
	struct image_dir *dir = NULL;
	struct page_source *src = NULL;
	struct err *e;

	scratch_clear(path);
	put_foreign_inventory(path, 2);
	memcpy(file, head, sizeof(head));
	memcpy(file + sizeof(head), bytes, len);
	file_put(path, "pagemap-42.img", file, sizeof(head) + len);
	file_put(path, "pages-1.img", pages, nr_pages * PAGE);
	CHECK_OK(image_dir_open(path, &dir));
	e = page_source_open(dir, IMAGE_PAGEMAP, PID, &src);
	if (!e)
		page_source_close(src);
	image_dir_close(dir);
	return e;
}

struct fields {
	uint64_t vaddr, compat, in_parent, flags, nr; /* UINT64_MAX - 1: absent */
};

#define NONE (UINT64_MAX - 1)

static size_t put_fields(uint8_t *at, const struct fields *f)
{
	const uint64_t *values = &f->vaddr;
	uint8_t *end = at + 4;
	uint32_t len;

	for (int i = 0; i < 5; i++) {
		if (values[i] == NONE)
			continue;
		*end++ = (uint8_t)((i + 1) << 3);
		end = wire_put_varint(end, values[i]);
	}
	len = (uint32_t)(end - at) - 4;
	memcpy(at, &len, 4);
	return (size_t)(end - at);
}

static struct err *fields_check(const struct fields *list, size_t nr, size_t nr_pages)
{
	uint8_t bytes[400] = { 2, 0, 0, 0, 1 << 3, 1 };
	size_t len = 6;

	for (size_t i = 0; i < nr; i++)
		len += put_fields(bytes + len, &list[i]);
	return pagemap_check(bytes, len, nr_pages);
}

static void page_maps_of_all_versions_are_read(void)
{
	static const struct fields v42[] = { { 0x1000, 0, NONE, 4, 2 } };
	static const struct fields v41[] = { { 0x1000, 2, NONE, 4, NONE } };
	static const struct fields old[] = { { 0x1000, 2, NONE, NONE, NONE },
					     { 0x3000, 1, 0, NONE, NONE } };
	static const struct fields lazy[] = { { 0x1000, 2, NONE, 2, NONE } };

	CHECK_OK(fields_check(v42, 1, 2));
	CHECK_OK(fields_check(v41, 1, 2));
	CHECK_OK(fields_check(old, 2, 3));
	CHECK_OK(fields_check(lazy, 1, 0));
	CHECK_OK(fields_check(NULL, 0, 0));
}

/* Whatever lies behind the end in memory must not be looked at, so the reason counts. */
static void cut_page_maps_are_refused(void)
{
	static const struct fields one = { 0x1000, 1, NONE, 4, 1 };
	static const uint32_t lengths[] = { 255, 4096, INT32_MAX, UINT32_MAX - 8, UINT32_MAX };
	uint8_t bytes[100] = { 2, 0, 0, 0, 1 << 3, 1 };
	size_t len = 6 + put_fields(bytes + 6, &one);

	CHECK_OK(pagemap_check(bytes, len, 1));
	for (size_t cut = 7; cut < len; cut++) {
		struct err *e = pagemap_check(bytes, cut, 1);

		CHECK(e && strstr(err_message(e), "entry at byte 14: it is cut short"));
		err_drop(e, "expected by the test");
	}
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct err *e;

		memcpy(bytes + 6, &lengths[i], sizeof(lengths[i]));
		e = pagemap_check(bytes, len, 1);
		CHECK(e && strstr(err_message(e), "it is cut short"));
		err_drop(e, "expected by the test");
	}
}

static void hostile_page_maps_are_refused(void)
{
	static const struct fields bad[][2] = {
		{ { 0x1000, 2, NONE, 4, 3 },
		  { 0x9000, 1, NONE, 4, 1 } }, /* more than the file has */
		{ { 0x2000, 1, NONE, 4, 1 }, { 0x1000, 1, NONE, 4, 1 } }, /* out of order */
		{ { 0x1000, 2, NONE, 4, 2 }, { 0x2000, 1, NONE, 4, 1 } }, /* overlap */
		{ { 0x1001, 1, NONE, 4, 1 }, { 0x9000, 1, NONE, 4, 1 } }, /* not aligned */
		{ { 0x1000, 0, NONE, 4, 0 }, { 0x9000, 1, NONE, 4, 1 } }, /* nothing */
		{ { 0x1000, 0, NONE, 4, NONE }, { 0x9000, 1, NONE, 4, 1 } },
		{ { 0x1000, 1, NONE, 5, 1 }, { 0x9000, 1, NONE, 4, 1 } },  /* here and there */
		{ { 0x1000, 1, NONE, 12, 1 }, { 0x9000, 1, NONE, 4, 1 } }, /* unknown flag */
		{ { 0x1000, 1, NONE, 0, 1 }, { 0x9000, 1, NONE, 4, 1 } },  /* nowhere */
		{ { 0x1000, 1, NONE, 1, 1 }, { 0x9000, 1, NONE, 4, 1 } },  /* no parent */
		{ { 0x1000, 1, 1, NONE, 1 }, { 0x9000, 1, NONE, 4, 1 } },
		{ { 0x1000, 1, NONE, 2, UINT64_MAX },
		  { 0x9000, 1, NONE, 4, 1 } }, /* round the end */
		{ { 0x1000, 1, NONE, 2, 1ull << 52 }, { 0x9000, 1, NONE, 4, 1 } },
		{ { NONE, 1, NONE, 4, 1 }, { 0x9000, 1, NONE, 4, 1 } },
		{ { 0x1000, NONE, NONE, 4, 1 }, { 0x9000, 1, NONE, 4, 1 } },
	};
	static const uint8_t no_head[] = { 1, 0, 0, 0 };
	static const uint8_t other_pages[] = { 2, 0, 0, 0, 1 << 3, 9 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_ERR(fields_check(bad[i], 2, 3), ERR_IMAGE);
	CHECK_ERR(pagemap_check(no_head, sizeof(no_head), 0), ERR_IMAGE);
	CHECK_ERR(pagemap_check(no_head, 0, 0), ERR_IMAGE);
	CHECK_ERR(pagemap_check(other_pages, sizeof(other_pages), 0), ERR_IMAGE);
}

int main(void)
{
	scratch_make(path);
	UNIT_RUN(page_maps_of_all_versions_are_read);
	UNIT_RUN(cut_page_maps_are_refused);
	UNIT_RUN(hostile_page_maps_are_refused);
	scratch_remove(path);
	return 0;
}
