// SPDX-License-Identifier: GPL-2.0-only
#include "image/renew_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "image/wire.h"

struct err *stop_here(struct stop *stop)
{
	if (stop && stop->passed++ == stop->at)
		return err_new(ERR_BUG, "stopped at step %u by a test", stop->at);
	return NULL;
}

void renewal_init(struct renewal *r, struct image_dir *dir, bool is_durable, struct stop *stop)
{
	*r = (struct renewal){ .dir = dir, .is_durable = is_durable, .stop = stop, .fd = -1 };
}

void renewal_fini(struct renewal *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

/* An open new file, in place of what an earlier attempt has left. */
static struct err *fresh(const struct image_dir *dir, const char *name, int *fd_out)
{
	int fd;

	if (unlinkat(dir->fd, name, 0) < 0 && errno != ENOENT)
		return err_sys(errno, "cannot remove the older \"%s/%s\"", dir->path, name);
	fd = openat(dir->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(errno, "cannot create \"%s/%s\"", dir->path, name);
	*fd_out = fd;
	return NULL;
}

static struct err *put_name(const struct image_dir *dir, const char *from, const char *to)
{
	if (renameat(dir->fd, from, dir->fd, to) < 0)
		return err_sys(errno, "cannot put \"%s/%s\" in its place", dir->path, to);
	return NULL;
}

/* A copy of the manifest, to be changed. */
static struct err *begin(struct renewal *r)
{
	struct image_dir *dir = r->dir;
	AUTO_FD from = -1;
	AUTO_FD to = -1;

	/* An earlier change that was cut in front of its last step is finished first. */
	if (strcmp(dir->manifest_name, MANIFEST_NAME)) {
		TRY(put_name(dir, dir->manifest_name, MANIFEST_NAME));
		dir->manifest_name = MANIFEST_NAME;
	}
	TRY(stop_here(r->stop));
	TRY(fd_open_at(dir->fd, O_RDONLY | O_NOFOLLOW, &from, MANIFEST_NAME));
	TRY(fresh(dir, MANIFEST_NEW_NAME, &to));
	TRY(stop_here(r->stop));
	TRY(err_context(bytes_copy(from, 0, to, 0, dir->manifest.len), "\"%s/%s\"", dir->path,
			MANIFEST_NEW_NAME));
	TRY(manifest_set_removed(to));
	r->fd = fd_take(&to);
	return stop_here(r->stop);
}

struct err *renewal_remove(struct renewal *r, const struct manifest_file *f, uint64_t page,
			   uint64_t nr)
{
	uint64_t sums[256], i = 0;

	while (i < nr && f->sums[page + i] == SUM_REMOVED)
		i++;
	if (i == nr)
		return NULL;
	if (r->fd < 0)
		TRY(begin(r));
	for (size_t k = 0; k < ARRAY_SIZE(sums); k++)
		sums[k] = SUM_REMOVED;
	while (nr) {
		uint64_t here = MIN(nr, ARRAY_SIZE(sums));

		TRY(err_context(fd_pwrite_all(r->fd, sums, here * sizeof(*sums),
					      (off_t)manifest_sum_at(&r->dir->manifest, f, page)),
				"\"%s/%s\"", r->dir->path, MANIFEST_NEW_NAME));
		page += here;
		nr -= here;
	}
	return NULL;
}

/* --- the inventory --- */

/* inventory_entry.superseded_by on the wire: key (1003 << 3 | 2), length, text. */
enum { SUPERSEDED_FIELD = 1003 };
#define SUPERSEDED_KEY ((const uint8_t[2]){ 0xda, 0x3e })

/* The fields of @inv but an older superseded_by, byte for byte, and the new one; @to has room for them. */
static struct err *body_make(const struct inventory *inv, const char *superseded_by, uint8_t *to,
			     size_t *len_out)
{
	struct wire w = { inv->body, inv->body + inv->len };
	size_t text_len = strlen(superseded_by);
	uint8_t *at = to;

	while (w.at < w.end) {
		const uint8_t *start = w.at;
		enum wire_type type;
		uint32_t field;

		if (!wire_key(&w, &field, &type) || !wire_skip(&w, type))
			return err_new(ERR_IMAGE, "inventory.img is damaged");
		if (field == SUPERSEDED_FIELD)
			continue;
		memcpy(at, start, (size_t)(w.at - start));
		at += w.at - start;
	}
	memcpy(at, SUPERSEDED_KEY, 2);
	at = wire_put_varint(at + 2, text_len);
	memcpy(at, superseded_by, text_len);
	*len_out = (size_t)(at + text_len - to);
	return NULL;
}

static struct err *inventory_renew(struct renewal *r, const struct loaded *file,
				   const char *superseded_by, const uint8_t *sum)
{
	AUTO_FREE uint8_t *body = malloc(file->len + strlen(superseded_by) + 16);
	uint8_t before[MANIFEST_DIGEST_LEN];
	struct inventory inv = { 0 };
	AUTO_FD fd = -1;
	size_t len = 0;

	if (!body)
		return err_new(ERR_NOMEM, "cannot allocate an inventory");
	memcpy(before, r->dir->inventory->manifest_digest.data, sizeof(before));
	TRY(inventory_parse(r->dir, file, &inv));
	if (!inv.digest || memcmp(before, inv.digest, sizeof(before)))
		return err_new(ERR_IMAGE, "it was changed by somebody else meanwhile");
	TRY(body_make(&inv, superseded_by, body, &len));
	TRY(fresh(r->dir, INVENTORY_PART_NAME, &fd));
	TRY(inventory_put(fd, body, len, sum));
	if (r->is_durable && fdatasync(fd) < 0)
		return err_sys(errno, "cannot sync \"%s/%s\"", r->dir->path, INVENTORY_PART_NAME);
	return NULL;
}

/* --- the change --- */

static struct err *new_sum(const struct renewal *r, uint8_t sum[MANIFEST_DIGEST_LEN])
{
	size_t len = r->dir->manifest.len;
	void *map = mmap(NULL, len, PROT_READ, MAP_SHARED, r->fd, 0);
	struct err *e;

	if (map == MAP_FAILED)
		return err_sys(errno, "cannot map \"%s/%s\"", r->dir->path, MANIFEST_NEW_NAME);
	e = manifest_sum(map, len, true, sum);
	munmap(map, len);
	return e;
}

/* @old: inventory.img as it is. */
static struct err *change(struct renewal *r, const struct loaded *old, const char *superseded_by)
{
	struct image_dir *dir = r->dir;
	uint8_t sum[MANIFEST_DIGEST_LEN];

	if (r->is_durable && fdatasync(r->fd) < 0)
		return err_sys(errno, "cannot sync \"%s/%s\"", dir->path, MANIFEST_NEW_NAME);
	TRY(new_sum(r, sum));
	TRY(inventory_renew(r, old, superseded_by, sum));
	TRY(stop_here(r->stop));
	TRY(put_name(dir, INVENTORY_PART_NAME, "inventory.img"));
	TRY(stop_here(r->stop));
	TRY(put_name(dir, MANIFEST_NEW_NAME, MANIFEST_NAME));
	if (r->is_durable && fsync(dir->fd) < 0)
		return err_sys(errno, "cannot sync \"%s\"", dir->path);
	return stop_here(r->stop);
}

struct err *renewal_commit(struct renewal *r, const char *superseded_by)
{
	AUTO_FREE char *text = NULL;
	struct loaded old = { 0 };

	if (r->fd < 0)
		return NULL;
	TRY(stop_here(r->stop));
	TRY(file_slurp_at(r->dir->fd, &text, &old.len, "inventory.img"));
	old.bytes = (const uint8_t *)text;
	return err_context(change(r, &old, superseded_by), "changing the manifest of \"%s\"",
			   r->dir->path);
}
