// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of a set as bytes in memory: opened without trust, sized before anything is allocated,
 * compared with the manifest's sum before anything is looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "image/dir_priv.h"

/* Larger files are mapped instead of read, and summed in windows of this size. */
enum { LOAD_READ_MAX = 1 << 20 };

const struct manifest_file *file_listed(const struct image_dir *dir, const char *name)
{
	return dir->has_manifest ? manifest_find(&dir->manifest, name) : NULL;
}

struct err *file_open(struct image_dir *dir, const char *name, int *fd_out, uint64_t *size_out,
		      bool *found_out)
{
	const struct manifest_file *listed = file_listed(dir, name);
	AUTO_FD fd = -1;
	struct stat st;

	*found_out = false;
	if (dir->has_manifest && !listed)
		return NULL;
	fd = openat(dir->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT && !listed)
		return NULL;
	if (fd < 0 && errno == ENOENT)
		return err_hint(err_new(ERR_IMAGE, "image \"%s/%s\" is missing", dir->path, name),
				"copy all files of the directory");
	if (fd < 0 && errno == ELOOP)
		return err_new(ERR_IMAGE, "image \"%s/%s\" is a symbolic link", dir->path, name);
	if (fd < 0)
		return err_sys(errno, "cannot open image \"%s/%s\"", dir->path, name);
	if (fstat(fd, &st) < 0)
		return err_sys(errno, "cannot look at image \"%s/%s\"", dir->path, name);
	if (!S_ISREG(st.st_mode))
		return err_new(ERR_IMAGE, "image \"%s/%s\" is no regular file", dir->path, name);
	if (listed && (uint64_t)st.st_size != listed->size)
		return err_new(ERR_IMAGE, "image \"%s/%s\" has %llu bytes where %llu were written",
			       dir->path, name, (unsigned long long)st.st_size,
			       (unsigned long long)listed->size);
	*fd_out = fd_take(&fd);
	*size_out = (uint64_t)st.st_size;
	*found_out = true;
	return NULL;
}

struct err *file_size(struct image_dir *dir, const char *name, uint64_t *size_out, bool *found_out)
{
	const struct manifest_file *listed = file_listed(dir, name);
	struct stat st;

	/* Opening the set has compared the file with the list. */
	*found_out = listed;
	if (listed)
		*size_out = listed->size;
	if (dir->has_manifest)
		return NULL;
	if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return NULL;
		return err_sys(errno, "cannot look at image \"%s/%s\"", dir->path, name);
	}
	if (!S_ISREG(st.st_mode))
		return err_new(ERR_IMAGE, "image \"%s/%s\" is no regular file", dir->path, name);
	*size_out = (uint64_t)st.st_size;
	*found_out = true;
	return NULL;
}

static struct err *load_bytes(int fd, size_t len, struct loaded *out)
{
	AUTO_FREE uint8_t *buf = NULL;

	if (len > LOAD_READ_MAX) {
		void *map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);

		if (map == MAP_FAILED)
			return err_sys(errno, "cannot map %zu bytes", len);
		*out = (struct loaded){ .bytes = map, .len = len, .is_mapped = true };
		return NULL;
	}
	buf = malloc(len + 1);
	if (!buf)
		return err_new(ERR_NOMEM, "cannot allocate %zu bytes", len);
	TRY(fd_read_all(fd, buf, len));
	*out = (struct loaded){ .bytes = PTR_TAKE(buf), .len = len };
	return NULL;
}

void loaded_fini(struct loaded *l)
{
	if (l->is_mapped)
		munmap((void *)l->bytes, l->len);
	else
		free((void *)l->bytes);
	*l = (struct loaded){ 0 };
}

/* A mapped file is given back behind the sum: large ones must not become the tool's memory. */
static struct err *sum_mapped(const struct loaded *l, uint64_t *out)
{
	XXH3_state_t *state = XXH3_createState();

	if (!state)
		return err_new(ERR_NOMEM, "cannot allocate the state of a sum");
	XXH3_64bits_reset(state);
	for (size_t at = 0; at < l->len; at += LOAD_READ_MAX) {
		size_t here = MIN(l->len - at, LOAD_READ_MAX);

		XXH3_64bits_update(state, l->bytes + at, here);
		madvise((char *)l->bytes + at, here, MADV_DONTNEED);
	}
	*out = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return NULL;
}

static struct err *loaded_check(const struct image_dir *dir, const char *name,
				const struct manifest_file *listed, const struct loaded *l)
{
	uint64_t sum = 0;

	if (l->is_mapped)
		TRY(sum_mapped(l, &sum));
	else
		sum = XXH3_64bits(l->bytes, l->len);
	if (sum != listed->sum)
		return err_hint(err_new(ERR_IMAGE,
					"image \"%s/%s\" is damaged: its checksum differs",
					dir->path, name),
				"copy it again from where it was written");
	return NULL;
}

struct err *file_load(struct image_dir *dir, const char *name, struct loaded *out, bool *found_out)
{
	const struct manifest_file *listed = file_listed(dir, name);
	struct loaded l = { 0 };
	AUTO_FD fd = -1;
	struct err *e;
	uint64_t size;
	bool found;

	TRY(file_open(dir, name, &fd, &size, &found));
	if (!found) {
		*found_out = false;
		return NULL;
	}
	TRY(err_context(load_bytes(fd, size, &l), "image \"%s/%s\"", dir->path, name));
	e = listed && !listed->is_pages ? loaded_check(dir, name, listed, &l) : NULL;
	if (e) {
		loaded_fini(&l);
		return e;
	}
	*out = l;
	*found_out = true;
	return NULL;
}

static uint32_t word_at(const uint8_t *bytes, size_t len, size_t at)
{
	uint32_t word = 0;

	if (len >= at + sizeof(word))
		memcpy(&word, bytes + at, sizeof(word));
	return word;
}

struct err *magic_check(const struct image_dir *dir, enum image_kind kind, const uint8_t *bytes,
			size_t len, size_t *start_out)
{
	const struct image_record *rec = image_record(kind);
	uint32_t want = rec->framing == FRAMING_SERVICE ? IMAGE_MAGIC_SERVICE : IMAGE_MAGIC_COMMON;
	size_t at = 0;

	if (rec->framing == FRAMING_RAW) {
		*start_out = 0;
		return NULL;
	}
	/* Version 1 has no common word, and says so only in the inventory. */
	if (rec->framing == FRAMING_SERVICE ||
	    (rec->framing == FRAMING_ORDINARY && dir->has_common)) {
		if (word_at(bytes, len, at) != want)
			return err_new(ERR_IMAGE, "its first word is %#x, not %#x",
				       word_at(bytes, len, at), want);
		at += sizeof(want);
	}
	if (word_at(bytes, len, at) != rec->magic)
		return err_new(ERR_IMAGE, "its magic is %#x, not %#x", word_at(bytes, len, at),
			       rec->magic);
	*start_out = at + sizeof(want);
	return NULL;
}
