// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening one set for reading: inventory, manifest, the presence and size of every file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "image/dir_priv.h"
#include "image/wire.h"

static struct err *dir_new(int own_fd, const char *path, struct image_dir **out)
{
	struct image_dir *dir = calloc(1, sizeof(*dir));
	AUTO_FD fd = own_fd;

	if (!dir)
		return err_new(ERR_NOMEM, "cannot allocate an image directory");
	dir->path = strdup(path);
	dir->arena = arena_new();
	dir->fd = -1;
	dir->ahead_fd = -1;
	dir->has_common = true;
	pthread_mutex_init(&dir->lock, NULL);
	spool_init(&dir->spool);
	if (!dir->path || fstat(fd, &dir->st) < 0) {
		image_dir_close(dir);
		return err_sys(errno, "cannot look at image directory \"%s\"", path);
	}
	dir->fd = fd_take(&fd);
	*out = dir;
	return NULL;
}

struct err *dir_open_bare(int dirfd, const char *path, const char *shown, struct image_dir **out)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOTDIR)
		return err_hint(err_new(ERR_IMAGE, "\"%s\" is no directory", shown),
				"give the directory that holds inventory.img");
	if (fd < 0)
		return err_sys(errno, "cannot open image directory \"%s\"", shown);
	return dir_new(fd, shown, out);
}

/* --- inventory and manifest --- */

/* The body of the only entry of inventory.img. */
static struct err *inventory_body(const struct image_dir *dir, const struct loaded *file,
				  struct inventory *inv)
{
	uint32_t len;
	size_t at;

	TRY(magic_check(dir, IMAGE_INVENTORY, file->bytes, file->len, &at));
	if (file->len - at < sizeof(len))
		return err_new(ERR_IMAGE, "it is cut short");
	memcpy(&len, file->bytes + at, sizeof(len));
	at += sizeof(len);
	if (len != file->len - at)
		return err_new(ERR_IMAGE, "its entry has %u bytes and the file %zu", len,
			       file->len - at);
	*inv = (struct inventory){ .body = file->bytes + at, .len = len };
	return NULL;
}

/*
 * A damaged bit may make the digest an unknown field, or a part of another one, and so the set one
 * without a manifest.  CRIU's inventories have no unknown fields and nothing that looks like the
 * digest's key.
 */
static bool inventory_is_odd(const struct inventory *inv, const InventoryEntry *msg)
{
	return msg->base.n_unknown_fields || msg->iteration || msg->superseded_by ||
	       memmem(inv->body, inv->len, DIGEST_FIELD_TAG, 3);
}

struct err *inventory_parse(struct image_dir *dir, const struct loaded *file, struct inventory *inv)
{
	ProtobufCMessage *msg = NULL;
	InventoryEntry *entry;

	TRY(inventory_body(dir, file, inv));
	TRY(wire_unpack(&inventory_entry__descriptor, inv->body, inv->len, dir->arena, &msg));
	entry = dir->inventory = (InventoryEntry *)msg;
	dir->has_common = entry->img_version != 1;
	if (!entry->has_manifest_digest) {
		inv->is_odd = inventory_is_odd(inv, entry);
		return NULL;
	}
	if (inv->len < DIGEST_FIELD_LEN || entry->manifest_digest.len != MANIFEST_DIGEST_LEN ||
	    memcmp(inv->body + inv->len - DIGEST_FIELD_LEN, DIGEST_FIELD_TAG, 3))
		return err_new(ERR_IMAGE, "its digest is not its last field");
	inv->digest = inv->body + inv->len - MANIFEST_DIGEST_LEN;
	inv->len -= DIGEST_FIELD_LEN;
	return NULL;
}

/* Loads the manifest of this name; *fits_out false: it is not there or not what the inventory's digest says. */
static struct err *manifest_try(struct image_dir *dir, const struct inventory *inv,
				const char *name, struct loaded *file, bool *found_out,
				bool *fits_out)
{
	uint8_t sum[MANIFEST_DIGEST_LEN], digest[MANIFEST_DIGEST_LEN];

	*fits_out = false;
	TRY(file_load(dir, name, file, found_out));
	if (!*found_out)
		return NULL;
	TRY(manifest_sum(file->bytes, file->len, file->is_mapped, sum));
	TRY(manifest_digest(sum, inv->body, inv->len, digest));
	*fits_out = !memcmp(digest, inv->digest, sizeof(digest));
	if (*fits_out)
		dir->manifest_name = name;
	else
		loaded_fini(file);
	return NULL;
}

static struct err *manifest_find_file(struct image_dir *dir, const struct inventory *inv,
				      struct loaded *file)
{
	bool found, fits, found_new, fits_new;

	TRY(manifest_try(dir, inv, MANIFEST_NAME, file, &found, &fits));
	if (fits)
		return NULL;
	TRY(manifest_try(dir, inv, MANIFEST_NEW_NAME, file, &found_new, &fits_new));
	if (fits_new)
		return NULL;
	if (!found)
		return err_hint(err_new(ERR_IMAGE, "image \"%s/%s\" is missing", dir->path,
					MANIFEST_NAME),
				"copy all files of the directory");
	return err_hint(err_new(ERR_IMAGE,
				"inventory.img and %s of \"%s\" do not belong together or "
				"are damaged",
				MANIFEST_NAME, dir->path),
			"copy both again from where they were written");
}

/* @inv has no digest. */
static struct err *no_manifest(struct image_dir *dir, const struct inventory *inv,
			       const struct loaded *file)
{
	if (inv->is_odd && !faccessat(dir->fd, MANIFEST_NAME, F_OK, AT_SYMLINK_NOFOLLOW))
		return err_hint(
			err_new(ERR_IMAGE,
				"image \"%s/inventory.img\" is damaged: its digest is not readable",
				dir->path),
			"copy it again; or, if the set is not criu-lite's, remove %s",
			MANIFEST_NAME);
	log_info("image", 0, "no manifest in \"%s\": contents cannot be checked", dir->path);
	/* Its inventory tells when and by which run it was dumped. */
	return manifest_sum(file->bytes, file->len, file->is_mapped, dir->id);
}

static struct err *manifest_open(struct image_dir *dir, const struct inventory *inv,
				 const struct loaded *inventory_file)
{
	struct loaded file = { 0 };
	struct err *e;

	if (!inv->digest)
		return no_manifest(dir, inv, inventory_file);
	e = manifest_find_file(dir, inv, &file);
	if (e) {
		loaded_fini(&file);
		return e;
	}
	TRY(err_context(manifest_parse((void *)file.bytes, file.len, file.is_mapped,
				       &dir->manifest),
			"\"%s\"", dir->path));
	dir->has_manifest = true;
	memcpy(dir->id, dir->manifest.head.set_id, MANIFEST_ID_LEN);
	return NULL;
}

/* Is every listed file there, and as long as it was? */
static struct err *files_check(struct image_dir *dir)
{
	for (size_t i = 0; i < dir->manifest.nr_files; i++) {
		const struct manifest_file *f = &dir->manifest.files[i];
		struct stat st;

		if (fstatat(dir->fd, f->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_hint(err_new(ERR_IMAGE, "image \"%s/%s\" is missing", dir->path,
						f->name),
					"copy all files of the directory");
		if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != f->size)
			return err_new(ERR_IMAGE,
				       "image \"%s/%s\" has %llu bytes where %llu were written",
				       dir->path, f->name, (unsigned long long)st.st_size,
				       (unsigned long long)f->size);
	}
	return NULL;
}

static struct err *no_inventory(const struct image_dir *dir)
{
	return err_hint(
		err_new(ERR_IMAGE, "no inventory.img in \"%s\": it holds no whole checkpoint",
			dir->path),
		"dump again; the dump that wrote here did not end, or this is another directory");
}

struct err *set_open(struct image_dir *dir)
{
	struct inventory inv = { 0 };
	struct loaded file = { 0 };
	struct err *e;
	bool found;

	TRY(file_load(dir, "inventory.img", &file, &found));
	if (!found) {
		if (!dir->is_parent ||
		    !faccessat(dir->fd, MANIFEST_NAME, F_OK, AT_SYMLINK_NOFOLLOW))
			return no_inventory(dir);
		return NULL;
	}
	e = err_context(inventory_parse(dir, &file, &inv), "image \"%s/inventory.img\"", dir->path);
	if (!e)
		e = manifest_open(dir, &inv, &file);
	loaded_fini(&file);
	return e ? e : files_check(dir);
}

void image_dir_close(struct image_dir *dir)
{
	while (dir) {
		struct image_dir *parent = dir->parent;

		if (dir->fd >= 0)
			close(dir->fd);
		if (dir->ahead_fd >= 0)
			close(dir->ahead_fd);
		for (size_t i = 0; i < dir->nr_files; i++)
			out_free(dir->files[i]);
		free(dir->files);
		free(dir->index);
		free(dir->parent_text);
		free(dir->path);
		manifest_fini(&dir->manifest);
		arena_free(dir->arena);
		pthread_mutex_destroy(&dir->lock);
		spool_fini(&dir->spool);
		free(dir);
		dir = parent;
	}
}

/* --- what a directory is --- */

int image_dir_fd(const struct image_dir *dir)
{
	return dir->fd;
}

const char *image_dir_path(const struct image_dir *dir)
{
	return dir->path;
}

struct image_dir *image_dir_parent(const struct image_dir *dir)
{
	return dir->parent;
}

const InventoryEntry *image_dir_inventory(const struct image_dir *dir)
{
	return dir->inventory;
}

bool image_dir_has_manifest(const struct image_dir *dir)
{
	return dir->has_manifest;
}

bool image_dir_mark(const struct image_dir *dir, uint8_t out[MANIFEST_ID_LEN])
{
	static const uint8_t none[MANIFEST_ID_LEN];

	if (!dir->has_manifest || !memcmp(dir->manifest.head.mark, none, MANIFEST_ID_LEN))
		return false;
	memcpy(out, dir->manifest.head.mark, MANIFEST_ID_LEN);
	return true;
}

struct err *image_dir_move_up(struct image_dir *dir, int floor)
{
	for (; dir; dir = dir->parent)
		TRY(fd_move_up(&dir->fd, floor));
	return NULL;
}
