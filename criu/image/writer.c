// SPDX-License-Identifier: GPL-2.0-only
/*
 * Images being written.  An image of one entry becomes a file at once; the others collect entries
 * in memory and are written when they grow past a megabyte or at the commit.  The sum is taken from
 * the same memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "image/dir_priv.h"

enum { FLUSH_BYTES = 1 << 20, COPY_BYTES = 1 << 18 };

/* --- the table of images --- */

static size_t slot_of(const struct image_dir *dir, enum image_kind kind, uint64_t id)
{
	uint64_t h = (id * IMAGE_NR_KINDS + (uint64_t)kind) * 0x9e3779b97f4a7c15ULL;

	return (size_t)(h >> 32) & (dir->index_len - 1);
}

/* The slot that holds the image, or the empty one where it belongs. */
static uint32_t *slot_find(struct image_dir *dir, enum image_kind kind, uint64_t id)
{
	size_t i = slot_of(dir, kind, id);

	while (dir->index[i]) {
		const struct out_file *f = dir->files[dir->index[i] - 1];

		if (f->kind == kind && f->id == id)
			break;
		i = (i + 1) & (dir->index_len - 1);
	}
	return &dir->index[i];
}

static struct err *table_grow(struct image_dir *dir)
{
	size_t room = dir->room_files ? dir->room_files * 2 : 64;
	struct out_file **files = realloc(dir->files, room * sizeof(*files));
	uint32_t *index;

	if (!files)
		return err_new(ERR_NOMEM, "cannot allocate a list of %zu images", room);
	dir->files = files;
	index = calloc(room * 2, sizeof(*index));
	if (!index)
		return err_new(ERR_NOMEM, "cannot allocate a list of %zu images", room);
	free(dir->index);
	dir->index = index;
	dir->index_len = room * 2;
	dir->room_files = room;
	for (size_t i = 0; i < dir->nr_files; i++)
		*slot_find(dir, files[i]->kind, files[i]->id) = (uint32_t)i + 1;
	return NULL;
}

static struct err *out_get_locked(struct image_dir *dir, enum image_kind kind, uint64_t id,
				  struct out_file **out)
{
	struct out_file *f;
	uint32_t *slot;

	BUG_ON(!dir->is_writing || dir->is_committed);
	if (dir->nr_files == dir->room_files)
		TRY(table_grow(dir));
	slot = slot_find(dir, kind, id);
	if (*slot) {
		*out = dir->files[*slot - 1];
		BUG_ON((*out)->is_done);
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return err_new(ERR_NOMEM, "cannot allocate an image");
	f->kind = kind;
	f->id = id;
	if (kind != IMAGE_NR_KINDS)
		image_name(kind, id, f->name);
	dir->files[dir->nr_files++] = f;
	*slot = (uint32_t)dir->nr_files;
	*out = f;
	return NULL;
}

struct err *out_get(struct image_dir *dir, enum image_kind kind, uint64_t id, struct out_file **out)
{
	struct err *e;

	pthread_mutex_lock(&dir->lock);
	e = out_get_locked(dir, kind, id, out);
	pthread_mutex_unlock(&dir->lock);
	return e;
}

struct err *out_get_named(struct image_dir *dir, const char *name, struct out_file **out)
{
	BUG_ON(strlen(name) > MANIFEST_FILE_NAME_MAX);
	/* The number of files is an id that no other has. */
	TRY(out_get(dir, IMAGE_NR_KINDS, dir->nr_files, out));
	strcpy((*out)->name, name);
	return NULL;
}

void out_free(struct out_file *f)
{
	if (!f)
		return;
	XXH3_freeState(f->state);
	free(f->buf);
	sums_fini(&f->sums);
	free(f);
}

uint64_t out_size(const struct out_file *f)
{
	return f->flushed + f->len;
}

/* --- files --- */

/*
 * Images whose name has no id are the ones a reader takes without being told by another image, so
 * those of an older set must not be seen with the new one (CRIU reads no manifest).
 */
static struct err *remove_older(struct image_dir *dir)
{
	static const char *const ours[] = { "inventory.img", MANIFEST_NAME, MANIFEST_NEW_NAME,
					    "parent" };

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (unlinkat(dir->fd, ours[i], 0) < 0 && errno != ENOENT)
			return err_sys(errno, "cannot remove the older \"%s/%s\"", dir->path,
				       ours[i]);
	for (int kind = 0; kind < IMAGE_NR_KINDS; kind++) {
		const struct image_record *rec = image_record((enum image_kind)kind);

		if (rec->framing == FRAMING_SERVICE || strchr(rec->name, '%'))
			continue;
		if (unlinkat(dir->fd, rec->name, 0) < 0 && errno != ENOENT)
			return err_sys(errno, "cannot remove the older \"%s/%s\"", dir->path,
				       rec->name);
	}
	return NULL;
}

static struct err *out_begin(struct image_dir *dir)
{
	if (dir->is_begun)
		return NULL;
	TRY(remove_older(dir));
	if (dir->parent_text && symlinkat(dir->parent_text, dir->fd, "parent") < 0)
		return err_sys(errno, "cannot make the link \"%s/parent\"", dir->path);
	dir->made_parent = dir->parent_text;
	dir->is_begun = true;
	return NULL;
}

struct err *out_create(struct image_dir *dir, const char *name, int *fd_out)
{
	int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
	struct err *e;
	int fd;

	pthread_mutex_lock(&dir->lock);
	e = out_begin(dir);
	pthread_mutex_unlock(&dir->lock);
	if (e)
		return e;
	fd = openat(dir->fd, name, flags, 0644);
	if (fd < 0 && errno == EEXIST) {
		if (unlinkat(dir->fd, name, 0) < 0)
			return err_sys(errno, "cannot remove the older \"%s/%s\"", dir->path, name);
		fd = openat(dir->fd, name, flags, 0644);
	}
	if (fd < 0)
		return err_sys(errno, "cannot create image \"%s/%s\"", dir->path, name);
	*fd_out = fd;
	return NULL;
}

/* Adds bytes to the file itself. */
static struct err *out_write(struct image_dir *dir, struct out_file *f, const void *buf, size_t len)
{
	AUTO_FD fd = -1;

	if (!f->flushed) {
		TRY(out_create(dir, f->name, &fd));
	} else {
		fd = openat(dir->fd, f->name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return err_sys(errno, "cannot open image \"%s/%s\" again", dir->path,
				       f->name);
	}
	TRY(err_context(fd_write_all(fd, buf, len), "image \"%s/%s\"", dir->path, f->name));
	f->flushed += len;
	return NULL;
}

static struct err *out_write_summed(struct image_dir *dir, struct out_file *f, const void *buf,
				    size_t len)
{
	if (!f->state) {
		f->state = XXH3_createState();
		if (!f->state)
			return err_new(ERR_NOMEM, "cannot allocate the state of a sum");
		XXH3_64bits_reset(f->state);
	}
	XXH3_64bits_update(f->state, buf, len);
	return out_write(dir, f, buf, len);
}

static struct err *out_flush(struct image_dir *dir, struct out_file *f)
{
	if (f->len)
		TRY(out_write_summed(dir, f, f->buf, f->len));
	f->len = 0;
	return NULL;
}

struct err *out_finish(struct image_dir *dir, struct out_file *f)
{
	if (f->is_done)
		return NULL;
	if (f->state) {
		TRY(out_flush(dir, f));
		f->sum = XXH3_64bits_digest(f->state);
	} else {
		f->sum = XXH3_64bits(f->buf, f->len);
		TRY(out_write(dir, f, f->buf, f->len));
		f->len = 0;
	}
	free(f->buf);
	f->buf = NULL;
	f->room = 0;
	f->is_done = true;
	return NULL;
}

/* --- bytes in memory --- */

/* Room for @len more bytes behind those that wait. */
static struct err *out_reserve(struct out_file *f, size_t len)
{
	size_t room = f->room ? f->room : 256;
	uint8_t *buf;

	while (room - f->len < len) {
		if (room > SIZE_MAX / 2)
			return err_new(ERR_NOMEM, "cannot hold %zu bytes of an image", len);
		room *= 2;
	}
	if (room == f->room)
		return NULL;
	buf = realloc(f->buf, room);
	if (!buf)
		return err_new(ERR_NOMEM, "cannot allocate %zu bytes for an image", room);
	f->buf = buf;
	f->room = room;
	return NULL;
}

struct err *out_bytes(struct image_dir *dir, struct out_file *f, const void *buf, size_t len)
{
	if (f->len + len > FLUSH_BYTES)
		TRY(out_flush(dir, f));
	if (len > FLUSH_BYTES)
		return out_write_summed(dir, f, buf, len);
	TRY(out_reserve(f, len));
	if (len)
		memcpy(f->buf + f->len, buf, len);
	f->len += len;
	return NULL;
}

/* The magic words, in front of the first byte. */
static struct err *out_head(struct image_dir *dir, struct out_file *f)
{
	const struct image_record *rec = image_record(f->kind);
	uint32_t words[2] = { IMAGE_MAGIC_COMMON, rec->magic };

	if (out_size(f) || rec->framing == FRAMING_RAW)
		return NULL;
	if (rec->framing == FRAMING_ORDINARY && !dir->has_common)
		return out_bytes(dir, f, &words[1], sizeof(words[1]));
	if (rec->framing == FRAMING_SERVICE)
		words[0] = IMAGE_MAGIC_SERVICE;
	return out_bytes(dir, f, words, sizeof(words));
}

static struct err *out_entry(struct image_dir *dir, struct out_file *f, const ProtobufCMessage *msg)
{
	size_t len = protobuf_c_message_get_packed_size(msg);
	uint32_t word = (uint32_t)len;

	if (len > UINT32_MAX / 2)
		return err_new(ERR_UNSUPPORTED, "an entry of %s would have %zu bytes", f->name,
			       len);
	TRY(out_head(dir, f));
	TRY(out_bytes(dir, f, &word, sizeof(word)));
	TRY(out_reserve(f, len));
	protobuf_c_message_pack(msg, f->buf + f->len);
	f->len += len;
	return NULL;
}

/* --- the interface --- */

struct err *image_write(struct image_dir *dir, enum image_kind kind, uint64_t id,
			const ProtobufCMessage *msg)
{
	const struct image_record *rec = image_record(kind);
	struct out_file *f;

	BUG_ON(rec->framing != FRAMING_ORDINARY);
	BUG_ON(msg->descriptor != rec->message && msg->descriptor != rec->first);
	TRY(out_get(dir, kind, id, &f));
	TRY(out_entry(dir, f, msg));
	return rec->is_single && rec->payload == PAYLOAD_NONE ? out_finish(dir, f) : NULL;
}

struct err *image_append_entry(struct image_dir *dir, enum image_kind kind, uint64_t id,
			       const ProtobufCMessage *msg)
{
	struct out_file *f;

	TRY(out_get(dir, kind, id, &f));
	return out_entry(dir, f, msg);
}

struct err *image_append(struct image_dir *dir, enum image_kind kind, uint64_t id, const void *buf,
			 size_t len)
{
	struct out_file *f;

	TRY(out_get(dir, kind, id, &f));
	TRY(out_head(dir, f));
	return out_bytes(dir, f, buf, len);
}

struct err *image_append_from_fd(struct image_dir *dir, enum image_kind kind, uint64_t id, int fd,
				 off_t pos, uint64_t len)
{
	struct out_file *f;

	TRY(out_get(dir, kind, id, &f));
	TRY(out_head(dir, f));
	while (len) {
		size_t want = len < COPY_BYTES ? (size_t)len : COPY_BYTES;
		ssize_t n;

		if (f->len + want > FLUSH_BYTES)
			TRY(out_flush(dir, f));
		TRY(out_reserve(f, want));
		n = pread(fd, f->buf + f->len, want, pos);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(errno, "cannot read %zu bytes for image \"%s\"", want,
				       f->name);
		if (!n)
			return err_new(ERR_GONE,
				       "a file became shorter while it was read for image \"%s\"",
				       f->name);
		f->len += (size_t)n;
		pos += n;
		len -= (uint64_t)n;
	}
	return NULL;
}

uint64_t image_dir_bytes(const struct image_dir *dir)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < dir->nr_files; i++)
		bytes += out_size(dir->files[i]);
	return bytes;
}

struct err *image_write_loose(int dirfd, enum image_kind kind, uint64_t id,
			      const ProtobufCMessage *msg)
{
	struct image_dir loose = { .fd = dirfd,
				   .path = (char *)".",
				   .has_common = true,
				   .is_begun = true,
				   .lock = PTHREAD_MUTEX_INITIALIZER };
	struct out_file f = { .kind = kind, .id = id };
	struct err *e;

	image_name(kind, id, f.name);
	e = out_entry(&loose, &f, msg);
	if (!e)
		e = out_finish(&loose, &f);
	free(f.buf);
	XXH3_freeState(f.state);
	return e;
}
