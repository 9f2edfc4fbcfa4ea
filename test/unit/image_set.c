// SPDX-License-Identifier: GPL-2.0-only
/* A set of images as a transaction: written, committed, discarded, damaged, read. */
#include <sys/mman.h>

#include "fdinfo.pb-c.h"
#include "ghost-file.pb-c.h"
#include "pipe-data.pb-c.h"
#include "pstree.pb-c.h"
#include "utsns.pb-c.h"

#include "image/manifest.h"
#include "image/pages.h"
#include "unit/image_util.h"

enum { BIG = 3 << 20 };

static char dir_path[64];

static uint8_t big_byte(size_t i)
{
	return (uint8_t)(i * 31 + (i >> 8));
}

static struct err *write_pipe(struct image_dir *dir, uint32_t id, const void *bytes, uint32_t len)
{
	PipeDataEntry entry = PIPE_DATA_ENTRY__INIT;

	entry.pipe_id = id;
	entry.bytes = len;
	TRY(image_write(dir, IMAGE_PIPES_DATA, 0, &entry.base));
	return image_append(dir, IMAGE_PIPES_DATA, 0, bytes, len);
}

static void write_ghost(struct image_dir *dir)
{
	GhostFileEntry ghost = GHOST_FILE_ENTRY__INIT;
	GhostChunkEntry chunk = GHOST_CHUNK_ENTRY__INIT;
	AUTO_FD fd = memfd_create("ghost", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, "0123456789", 10) == 10);
	ghost.has_chunks = ghost.chunks = true;
	CHECK_OK(image_write(dir, IMAGE_GHOST_FILE, 0x1f, &ghost.base));
	chunk.len = 4;
	chunk.off = 3;
	CHECK_OK(image_append_entry(dir, IMAGE_GHOST_FILE, 0x1f, &chunk.base));
	CHECK_OK(image_append_from_fd(dir, IMAGE_GHOST_FILE, 0x1f, fd, 3, 4));
	ghost.has_chunks = false;
	CHECK_OK(image_write(dir, IMAGE_GHOST_FILE, 0x21, &ghost.base));
	CHECK_OK(image_append_from_fd(dir, IMAGE_GHOST_FILE, 0x21, fd, 0, 10));
}

static void write_all(struct image_dir *dir)
{
	UtsnsEntry uts = UTSNS_ENTRY__INIT;
	PstreeEntry ps = PSTREE_ENTRY__INIT;
	AUTO_FREE uint8_t *big = malloc(BIG);

	uts.nodename = "node";
	uts.domainname = "domain";
	CHECK_OK(image_write(dir, IMAGE_UTSNS, 10, &uts.base));
	for (uint32_t i = 1; i <= 1000; i++) {
		FdinfoEntry fdi = FDINFO_ENTRY__INIT;

		ps.pid = i;
		CHECK_OK(image_write(dir, IMAGE_PSTREE, 0, &ps.base));
		fdi.id = i;
		CHECK_OK(image_write(dir, IMAGE_FDINFO, i, &fdi.base));
	}
	CHECK(big);
	for (size_t i = 0; i < BIG; i++)
		big[i] = big_byte(i);
	CHECK_OK(write_pipe(dir, 7, "hello", 5));
	CHECK_OK(write_pipe(dir, 8, big, BIG));
	CHECK_OK(write_pipe(dir, 9, "", 0));
	write_ghost(dir);
}

static void write_set(void)
{
	struct image_dir *dir = NULL;
	InventoryEntry inv = plain_inventory();

	CHECK_OK(image_dir_create(dir_path, NULL, &dir));
	write_all(dir);
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_discard(dir);
	image_dir_close(dir);
}

static void read_pipes(struct image_dir *dir, struct arena *a)
{
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg = NULL;
	const void *bytes;

	CHECK_OK(image_open(dir, IMAGE_PIPES_DATA, 0, &s));
	CHECK_OK(image_next(s, a, &msg));
	CHECK(((PipeDataEntry *)msg)->pipe_id == 7);
	CHECK_OK(image_payload(s, 5, &bytes));
	CHECK(!memcmp(bytes, "hello", 5));
	CHECK_OK(image_next(s, a, &msg));
	CHECK(((PipeDataEntry *)msg)->bytes == BIG);
	CHECK_OK(image_payload(s, BIG, &bytes));
	for (size_t i = 0; i < BIG; i++)
		CHECK(((const uint8_t *)bytes)[i] == big_byte(i));
	CHECK_OK(image_next(s, a, &msg));
	CHECK(((PipeDataEntry *)msg)->pipe_id == 9);
	CHECK_OK(image_next(s, a, &msg));
	CHECK(!msg && !image_left(s));
}

static void read_pipes_without_payload(struct image_dir *dir, struct arena *a)
{
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg = NULL;
	const void *bytes;

	CHECK_OK(image_open(dir, IMAGE_PIPES_DATA, 0, &s));
	CHECK_OK(image_next(s, a, &msg));
	CHECK_OK(image_payload(s, 2, &bytes)); /* a part */
	CHECK_OK(image_next(s, a, &msg));
	CHECK(((PipeDataEntry *)msg)->pipe_id == 8);
	CHECK_OK(image_next(s, a, &msg));
	CHECK(((PipeDataEntry *)msg)->pipe_id == 9);
	CHECK_ERR(image_payload(s, 1, &bytes), ERR_IMAGE);
}

static void a_set_comes_back(void)
{
	struct arena *a = arena_new();
	struct image_dir *dir = NULL;
	AUTO_STREAM struct image_stream *s = NULL;
	ProtobufCMessage *msg = NULL;
	UtsnsEntry *uts = NULL;
	uint32_t nr = 0;

	write_set();
	CHECK_OK(set_check(dir_path));
	CHECK_OK(image_dir_open(dir_path, &dir));
	CHECK(image_dir_has_manifest(dir) && image_dir_inventory(dir)->root_cg_set == 1);
	CHECK_OK(IMAGE_READ(dir, IMAGE_UTSNS, 10, a, &uts));
	CHECK_STR(uts->nodename, "node");
	CHECK(image_exists(dir, IMAGE_UTSNS, 10) && !image_exists(dir, IMAGE_UTSNS, 11));
	CHECK_ERR(IMAGE_READ(dir, IMAGE_UTSNS, 11, a, &uts), ERR_IMAGE);
	CHECK_OK(image_read_optional(dir, IMAGE_UTSNS, 11, a, &msg));
	CHECK(!msg);
	CHECK_OK(image_open(dir, IMAGE_PSTREE, 0, &s));
	for (;;) {
		CHECK_OK(image_next(s, a, &msg));
		if (!msg)
			break;
		CHECK(((PstreeEntry *)msg)->pid == ++nr);
	}
	CHECK(nr == 1000);
	read_pipes(dir, a);
	read_pipes_without_payload(dir, a);
	image_dir_close(dir);
	arena_free(a);
}

static void a_file_that_shrinks_is_an_error(void)
{
	AUTO_FD fd = memfd_create("ghost", MFD_CLOEXEC);
	struct image_dir *dir = NULL;

	CHECK(fd >= 0 && write(fd, "0123456789", 10) == 10);
	CHECK_OK(image_dir_create(dir_path, NULL, &dir));
	CHECK_ERR(image_append_from_fd(dir, IMAGE_GHOST_FILE, 0x20, fd, 3, 40), ERR_GONE);
	image_dir_discard(dir);
	image_dir_close(dir);
}

static void an_uncommitted_set_is_none(void)
{
	struct image_dir *dir = NULL;

	CHECK_OK(image_dir_create(dir_path, NULL, &dir));
	write_all(dir);
	CHECK_ERR(set_check(dir_path), ERR_IMAGE);
	CHECK(scratch_count(dir_path) > 0);
	image_dir_discard(dir);
	CHECK(scratch_count(dir_path) == 0);
	image_dir_discard(dir);
	image_dir_close(dir);
}

static void a_refused_dump_keeps_the_older_set(void)
{
	struct image_dir *dir = NULL;
	size_t before;

	scratch_clear(dir_path);
	write_set();
	before = scratch_count(dir_path);
	CHECK_OK(image_dir_create(dir_path, NULL, &dir));
	image_dir_discard(dir);
	image_dir_close(dir);
	CHECK(scratch_count(dir_path) == before);
	CHECK_OK(image_dir_open(dir_path, &dir));
	image_dir_close(dir);
}

static void an_older_set_never_shows_through(void)
{
	InventoryEntry inv = plain_inventory();
	UtsnsEntry uts = UTSNS_ENTRY__INIT;
	struct image_dir *dir = NULL;
	char path[128];

	scratch_clear(dir_path);
	write_set();
	file_path(path, sizeof(path), dir_path, "parent");
	CHECK(!symlink("/nowhere", path));
	CHECK_OK(image_dir_create(dir_path, NULL, &dir));
	uts.nodename = uts.domainname = "x";
	CHECK_OK(image_write(dir, IMAGE_UTSNS, 10, &uts.base));
	CHECK_ERR(set_check(dir_path), ERR_IMAGE);
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
	CHECK_OK(image_dir_open(dir_path, &dir));
	CHECK(!image_exists(dir, IMAGE_PSTREE, 0) && !image_exists(dir, IMAGE_FDINFO, 1));
	CHECK(!image_dir_parent(dir));
	image_dir_close(dir);
	file_path(path, sizeof(path), dir_path, "pstree.img");
	CHECK(access(path, F_OK) < 0);
}

/* A small set, so that every bit of it can be turned. */
static void write_small(void)
{
	InventoryEntry inv = plain_inventory();
	UtsnsEntry uts = UTSNS_ENTRY__INIT;
	struct image_dir *dir = NULL;
	struct page_sink *sink = NULL;
	char page[IMAGE_PAGE_SIZE] = "page";
	uint64_t at;

	scratch_clear(dir_path);
	CHECK_OK(image_dir_create(dir_path, NULL, &dir));
	uts.nodename = uts.domainname = "x";
	inv.dump_criu_run_id = "3f8c2a44-0000-4000-8000-123456789abc";
	CHECK_OK(image_write(dir, IMAGE_UTSNS, 10, &uts.base));
	CHECK_OK(page_sink_open(dir, IMAGE_PAGEMAP, 5, &sink));
	CHECK_OK(page_sink_run(sink, 0x10000, 1, PAGE_PRESENT, &at));
	CHECK_OK(page_sink_data(sink, at, 1, page));
	CHECK_OK(page_sink_finish(sink));
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
	CHECK_OK(set_check(dir_path));
}

static const char *const small_files[] = { "inventory.img", MANIFEST_NAME, "utsns-10.img",
					   "pagemap-5.img", "pages-1.img" };

static void every_flipped_bit_is_found(void)
{
	write_small();
	for (size_t i = 0; i < ARRAY_SIZE(small_files); i++) {
		size_t len, step = i == 4 ? 37 : 1;
		AUTO_FREE char *bytes = file_get(dir_path, small_files[i], &len);

		for (size_t bit = 0; bit < len * 8; bit += step) {
			bytes[bit / 8] ^= (char)(1 << bit % 8);
			file_put(dir_path, small_files[i], bytes, len);
			CHECK_ERR(set_check(dir_path), ERR_IMAGE);
			bytes[bit / 8] ^= (char)(1 << bit % 8);
		}
		file_put(dir_path, small_files[i], bytes, len);
		CHECK_OK(set_check(dir_path));
	}
}

/* Images above 1 MiB are mapped and summed piece by piece. */
static void damage_of_a_large_image_is_found(void)
{
	enum { LARGE = (3 << 20) + 5 };
	static const size_t places[] = { 0, (1 << 20) - 1, 1 << 20, 3 << 20, LARGE - 1 };
	static const char name[] = "route-9.img";
	InventoryEntry inv = plain_inventory();
	AUTO_FREE char *bytes = calloc(1, LARGE);
	struct image_dir *dir = NULL;

	CHECK(bytes);
	scratch_clear(dir_path);
	CHECK_OK(image_dir_create(dir_path, NULL, &dir));
	CHECK_OK(image_append(dir, IMAGE_ROUTE, 9, bytes, LARGE));
	CHECK_OK(image_dir_commit(dir, &inv));
	image_dir_close(dir);
	CHECK_OK(set_check(dir_path));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		bytes[places[i]] ^= 4;
		file_put(dir_path, name, bytes, LARGE);
		CHECK_ERR(set_check(dir_path), ERR_IMAGE);
		bytes[places[i]] ^= 4;
	}
	file_put(dir_path, name, bytes, LARGE);
	CHECK_OK(set_check(dir_path));
}

static void cut_and_missing_files_are_found(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(small_files); i++) {
		size_t len;
		AUTO_FREE char *bytes = file_get(dir_path, small_files[i], &len);
		AUTO_FREE char *longer = calloc(1, len + 1);
		char path[128];

		memcpy(longer, bytes, len);
		file_put(dir_path, small_files[i], longer, len + 1);
		CHECK_ERR(set_check(dir_path), ERR_IMAGE);
		for (size_t cut = 0; cut < len; cut += i == 4 ? 1000 : 1) {
			file_put(dir_path, small_files[i], bytes, cut);
			CHECK_ERR(set_check(dir_path), ERR_IMAGE);
		}
		file_path(path, sizeof(path), dir_path, small_files[i]);
		CHECK(!unlink(path));
		CHECK_ERR(set_check(dir_path), ERR_IMAGE);
		file_put(dir_path, small_files[i], bytes, len);
		CHECK_OK(set_check(dir_path));
	}
}

/* Of a manifest whose sum is right but whose bytes are hostile. */
static void manifests_are_parsed_strictly(void)
{
	size_t len;
	AUTO_FREE char *bytes = file_get(dir_path, MANIFEST_NAME, &len);
	struct manifest m;

	for (size_t bit = 0; bit <= len * 8; bit++) {
		char *copy = malloc(len + 1);
		struct err *e;

		memcpy(copy, bytes, len);
		if (bit < len * 8)
			copy[bit / 8] ^= (char)(1 << bit % 8);
		e = manifest_parse(copy, len, false, &m);
		CHECK(bit < len * 8 || !e);
		if (e) {
			err_drop(e, "expected");
			continue;
		}
		for (size_t i = 0; i < m.nr_files; i++)
			CHECK(manifest_find(&m, m.files[i].name) == &m.files[i]);
		manifest_fini(&m);
	}
	for (size_t cut = 0; cut < len; cut++) {
		char *copy = malloc(cut + 1);

		memcpy(copy, bytes, cut);
		CHECK_ERR(manifest_parse(copy, cut, false, &m), ERR_IMAGE);
	}
}

static void foreign_sets_are_taken(void)
{
	struct image_dir *dir = NULL;
	uint8_t uts[64] = { 0x19, 0x43, 0x56, 0x54, 0x03, 0x32, 0x47, 0x54, 6,
			    0,	  0,	0,    0x0a, 1,	  'n',	0x12, 1,    'd' };
	struct arena *a = arena_new();
	UtsnsEntry *got = NULL;

	scratch_clear(dir_path);
	put_foreign_inventory(dir_path, 2);
	file_put(dir_path, "utsns-3.img", uts, 18);
	/* Left from somebody else: not this set's. */
	file_put(dir_path, MANIFEST_NAME, "junk", 4);
	CHECK_OK(set_check(dir_path));
	CHECK_OK(image_dir_open(dir_path, &dir));
	CHECK(!image_dir_has_manifest(dir));
	CHECK_OK(IMAGE_READ(dir, IMAGE_UTSNS, 3, a, &got));
	CHECK_STR(got->domainname, "d");
	image_dir_close(dir);

	/* Version 1 has no common word. */
	put_foreign_inventory(dir_path, 1);
	CHECK_ERR(set_check(dir_path), ERR_IMAGE);
	file_put(dir_path, "utsns-3.img", uts + 4, 14);
	CHECK_OK(set_check(dir_path));
	put_foreign_inventory(dir_path, 3);
	CHECK_ERR(image_dir_open(dir_path, &dir), ERR_IMAGE);
	put_foreign_inventory(dir_path, 0);
	CHECK_ERR(image_dir_open(dir_path, &dir), ERR_IMAGE);
	arena_free(a);
}

static void hostile_framing_is_refused(void)
{
	static const uint8_t head[8] = { 0x19, 0x43, 0x56, 0x54, 0x03, 0x32, 0x47, 0x54 };
	static const struct {
		const char *bytes;
		size_t len;
	} tails[] = {
		{ "", 0 },					  /* no entry */
		{ "\6", 1 },					  /* half a length */
		{ "\xff\xff\xff\xff", 4 },			  /* 4 GiB */
		{ "\xff\xff\xff\x7f\n\1n\22\1d", 10 },		  /* 2 GiB */
		{ "\7\0\0\0\n\1n\22\1d", 10 },			  /* one too many */
		{ "\5\0\0\0\n\1n\22\1d", 10 },			  /* one too few */
		{ "\3\0\0\0\n\1n", 7 },				  /* domainname missing */
		{ "\6\0\0\0\n\1n\22\1d\6\0\0\0\n\1n\22\1d", 20 }, /* two entries */
		{ "\6\0\0\0\n\1n\22\1d\0", 11 },		  /* a byte behind the end */
	};
	uint8_t file[64];

	scratch_clear(dir_path);
	put_foreign_inventory(dir_path, 2);
	memcpy(file, head, sizeof(head));
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		memcpy(file + sizeof(head), tails[i].bytes, tails[i].len);
		file_put(dir_path, "utsns-3.img", file, sizeof(head) + tails[i].len);
		CHECK_ERR(set_check(dir_path), ERR_IMAGE);
	}
	for (size_t cut = 0; cut < sizeof(head); cut++) {
		file_put(dir_path, "utsns-3.img", file, cut);
		CHECK_ERR(set_check(dir_path), ERR_IMAGE);
	}
}

static void only_regular_files_are_opened(void)
{
	struct arena *a = arena_new();
	struct image_dir *dir = NULL;
	ProtobufCMessage *msg = NULL;
	char path[128];

	scratch_clear(dir_path);
	put_foreign_inventory(dir_path, 2);
	CHECK_OK(image_dir_open(dir_path, &dir));
	file_path(path, sizeof(path), dir_path, "utsns-3.img");
	CHECK(!symlink("/dev/zero", path));
	CHECK_ERR(image_read_single(dir, IMAGE_UTSNS, 3, a, &msg), ERR_IMAGE);
	CHECK(!unlink(path) && !mkfifo(path, 0600));
	CHECK_ERR(image_read_single(dir, IMAGE_UTSNS, 3, a, &msg), ERR_IMAGE);
	image_dir_close(dir);
	arena_free(a);
}

int main(void)
{
	scratch_make(dir_path);
	UNIT_RUN(a_set_comes_back);
	UNIT_RUN(a_file_that_shrinks_is_an_error);
	UNIT_RUN(an_uncommitted_set_is_none);
	UNIT_RUN(a_refused_dump_keeps_the_older_set);
	UNIT_RUN(an_older_set_never_shows_through);
	UNIT_RUN(damage_of_a_large_image_is_found);
	UNIT_RUN(every_flipped_bit_is_found);
	UNIT_RUN(cut_and_missing_files_are_found);
	UNIT_RUN(manifests_are_parsed_strictly);
	UNIT_RUN(foreign_sets_are_taken);
	UNIT_RUN(hostile_framing_is_refused);
	UNIT_RUN(only_regular_files_are_opened);
	scratch_remove(dir_path);
	return 0;
}
