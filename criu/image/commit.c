// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a dump: a whole set, or nothing.
 *
 * The order is files, manifest, inventory by rename.  Without `durable` the kernel may write them
 * back in any order, and a power failure within the next seconds can leave a set whose inventory is
 * there and whose pages are not. The sums tell: such a set is refused, never restored.  CRIU syncs
 * nothing either, and cannot tell.  What syncing would cost, measured on ext4: 1 to 70 ms for the
 * smallest set, which takes 1 ms to write without, and half a second for 1 GiB, all of it while the
 * tree stands still.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/fd.h"
#include "base/log.h"
#include "image/dir_priv.h"

void image_dir_set_durable(struct image_dir *dir, bool durable)
{
	dir->is_durable = durable;
}

static struct err *new_id(uint8_t id[MANIFEST_ID_LEN])
{
	if (getrandom(id, MANIFEST_ID_LEN, 0) != MANIFEST_ID_LEN)
		return err_sys(errno, "cannot draw an id for the set");
	return NULL;
}

static struct err *manifest_make(struct image_dir *dir, uint8_t sum_out[MANIFEST_DIGEST_LEN])
{
	AUTO_FREE struct manifest_file *list = calloc(dir->nr_files + 1, sizeof(*list));
	struct manifest_head head = { .has_parent = dir->parent };
	AUTO_FD fd = -1;

	if (!list)
		return err_new(ERR_NOMEM, "cannot allocate a list of %zu images", dir->nr_files);
	TRY(new_id(head.set_id));
	if (dir->parent)
		memcpy(head.parent_id, dir->parent->id, MANIFEST_ID_LEN);
	memcpy(head.mark, dir->mark, MANIFEST_ID_LEN);
	for (size_t i = 0; i < dir->nr_files; i++) {
		const struct out_file *f = dir->files[i];

		list[i] = (struct manifest_file){ .name = f->name,
						  .size = out_size(f),
						  .sum = f->sum,
						  .is_pages = f->is_pages,
						  .spooled = &f->sums };
	}
	TRY(out_create(dir, MANIFEST_NAME, &fd));
	return err_context(manifest_write(fd, &head, list, dir->nr_files, &dir->spool, sum_out),
			   "image \"%s/%s\"", dir->path, MANIFEST_NAME);
}

struct err *inventory_put(int fd, const uint8_t *body, size_t len,
			  const uint8_t manifest_sum[MANIFEST_DIGEST_LEN])
{
	uint32_t words[2] = { image_record(IMAGE_INVENTORY)->magic,
			      (uint32_t)len + DIGEST_FIELD_LEN };
	AUTO_FREE uint8_t *buf = malloc(sizeof(words) + words[1]);
	uint8_t *at = buf + sizeof(words);

	if (!buf)
		return err_new(ERR_NOMEM, "cannot allocate %zu bytes for the inventory", len);
	memcpy(buf, words, sizeof(words));
	memcpy(at, body, len);
	memcpy(at + len, DIGEST_FIELD_TAG, 3);
	TRY(manifest_digest(manifest_sum, body, len, at + len + 3));
	return fd_write_all(fd, buf, sizeof(words) + words[1]);
}

static struct err *inventory_write(struct image_dir *dir, const InventoryEntry *inv,
				   const uint8_t manifest_sum[MANIFEST_DIGEST_LEN])
{
	InventoryEntry bare = *inv;
	AUTO_FD fd = -1;
	AUTO_FREE uint8_t *body = NULL;
	size_t len;

	bare.has_manifest_digest = false;
	len = inventory_entry__get_packed_size(&bare);
	body = malloc(len + 1);
	if (!body)
		return err_new(ERR_NOMEM, "cannot allocate %zu bytes for the inventory", len);
	inventory_entry__pack(&bare, body);
	TRY(out_create(dir, INVENTORY_PART_NAME, &fd));
	return err_context(inventory_put(fd, body, len, manifest_sum), "image \"%s/%s\"", dir->path,
			   INVENTORY_PART_NAME);
}

struct err *image_dir_commit(struct image_dir *dir, const InventoryEntry *inv)
{
	uint8_t sum[MANIFEST_DIGEST_LEN];

	BUG_ON(!dir->is_writing || dir->is_committed);
	for (size_t i = 0; i < dir->nr_files; i++)
		TRY(out_finish(dir, dir->files[i]));
	TRY(manifest_make(dir, sum));
	TRY(inventory_write(dir, inv, sum));
	if (dir->is_durable && syncfs(dir->fd) < 0)
		return err_sys(errno, "cannot sync \"%s\"", dir->path);
	if (renameat(dir->fd, INVENTORY_PART_NAME, dir->fd, "inventory.img") < 0)
		return err_sys(errno, "cannot put \"%s/inventory.img\" in its place", dir->path);
	dir->is_committed = true;
	if (dir->is_durable && fsync(dir->fd) < 0)
		return err_sys(errno, "cannot sync \"%s\"", dir->path);
	log_info("image", 0, "set committed: files=%zu bytes=%llu", dir->nr_files,
		 (unsigned long long)image_dir_bytes(dir));
	return NULL;
}

void image_dir_discard(struct image_dir *dir)
{
	if (!dir || !dir->is_writing || dir->is_committed || !dir->is_begun)
		return;
	for (size_t i = 0; i < dir->nr_files; i++)
		unlinkat(dir->fd, dir->files[i]->name, 0);
	unlinkat(dir->fd, MANIFEST_NAME, 0);
	unlinkat(dir->fd, INVENTORY_PART_NAME, 0);
	if (dir->made_parent)
		unlinkat(dir->fd, "parent", 0);
	dir->made_parent = false;
}
