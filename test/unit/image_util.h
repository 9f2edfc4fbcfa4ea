/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TEST_UNIT_IMAGE_UTIL_H
#define TEST_UNIT_IMAGE_UTIL_H

/* Directories and files for the tests of criu/image/. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "image/dir.h"
#include "image/walk.h"
#include "unit/unit.h"

/* A new empty directory; the path is the caller's. */
static inline void scratch_make(char path[64])
{
	const char *tmp = getenv("TMPDIR");
	int len = snprintf(path, 64, "%s/unit-image-XXXXXX", tmp ? tmp : "/tmp");

	CHECK(len > 0 && len < 64 && mkdtemp(path));
}

static inline size_t scratch_count(const char *path)
{
	DIR *d = opendir(path);
	size_t nr = 0;

	CHECK(d);
	for (struct dirent *entry; (entry = readdir(d));)
		nr += entry->d_name[0] != '.' || entry->d_name[1] == 'i';
	closedir(d);
	return nr;
}

static inline void scratch_clear(const char *path)
{
	DIR *d = opendir(path);

	CHECK(d);
	for (struct dirent *entry; (entry = readdir(d));)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			CHECK(!unlinkat(dirfd(d), entry->d_name, 0));
	closedir(d);
}

static inline void scratch_remove(const char *path)
{
	scratch_clear(path);
	CHECK(!rmdir(path));
}

static inline void file_path(char *out, size_t len, const char *dir, const char *name)
{
	CHECK((size_t)snprintf(out, len, "%s/%s", dir, name) < len);
}

static inline void file_put(const char *dir, const char *name, const void *bytes, size_t len)
{
	char path[256];
	AUTO_FD fd = -1;

	file_path(path, sizeof(path), dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	CHECK(fd >= 0);
	CHECK_OK(fd_write_all(fd, bytes, len));
}

/* The bytes of a file, to be freed. */
static inline char *file_get(const char *dir, const char *name, size_t *len)
{
	char *text = NULL;

	CHECK_OK(file_slurp_at(AT_FDCWD, &text, len, "%s/%s", dir, name));
	return text;
}

static inline struct err *check_one(void *arg, struct image_dir *dir, const char *name)
{
	return image_check(dir, name, arg);
}

/* Opens a set and checks every file of it and of its parents, as `verify` does. */
static inline struct err *set_check(const char *path)
{
	struct image_check_stats stats = { 0 };
	const struct image_visitor v = { .arg = &stats, .run = check_one };
	struct image_dir *dir = NULL;
	struct err *e;

	TRY(image_dir_open_any(path, &dir));
	e = NULL;
	for (struct image_dir *d = dir; d && !e; d = image_dir_parent(d))
		e = image_dir_each(d, &v);
	image_dir_close(dir);
	return e;
}

static inline InventoryEntry plain_inventory(void)
{
	InventoryEntry inv = INVENTORY_ENTRY__INIT;

	inv.img_version = 2;
	inv.has_fdinfo_per_id = inv.fdinfo_per_id = true;
	inv.has_root_cg_set = true;
	inv.root_cg_set = 1;
	return inv;
}

/* inventory.img as CRIU writes it: no manifest. */
static inline void put_foreign_inventory(const char *dir, uint32_t version)
{
	InventoryEntry inv = plain_inventory();
	uint8_t buf[256];
	uint32_t words[2] = { 0x58313116 };

	inv.img_version = version;
	words[1] = (uint32_t)inventory_entry__pack(&inv, buf + sizeof(words));
	memcpy(buf, words, sizeof(words));
	file_put(dir, "inventory.img", buf, sizeof(words) + words[1]);
}

#endif
