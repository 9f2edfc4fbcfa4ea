/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_DIR_H
#define IMAGE_DIR_H

/*
 * A directory of images: written by a dump, read by a restore.
 *
 * Writing.  A set is whole when inventory.img is there: image_dir_commit() writes all other files,
 * then the manifest, then moves inventory.img into place.  The inventory of an older set in the
 * same directory is removed before the first file is overwritten, so nothing half-new ever looks
 * whole.  Small images are kept in memory and become files at the commit (or earlier when they
 * grow), so an entry costs no system call.
 *
 * Reading.  Opening checks the manifest, and the presence and size of every file it lists, for the
 * whole parent chain; contents are checked against the sums when they are read.  With a manifest
 * only the listed files exist. A set without one (written by CRIU) is accepted, with a note in the
 * log.
 *
 * Source of the format: images/README.md.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"
#include "image/manifest.h"
#include "image/records.h"
#include "inventory.pb-c.h"

struct image_dir;

/* --- both directions --- */

/* Lent; -1 never. */
int image_dir_fd(const struct image_dir *dir);
/* For messages: the path it was opened with. */
const char *image_dir_path(const struct image_dir *dir);
/* The directory that holds what PAGE_PARENT runs refer to; NULL at the end of the chain.  Lent. */
struct image_dir *image_dir_parent(const struct image_dir *dir);
/*
 * Closes the descriptors and frees everything, parents too.  Neither commits nor discards.  NULL is
 * fine.
 */
void image_dir_close(struct image_dir *dir);

/* --- writing: the coordinator of a dump --- */

/*
 * Opens an existing directory for a dump.  @parent_path (may be NULL) is the text of the symlink
 * "parent", resolved relative to @path; that set, which may be a pre-dump, is opened and checked
 * with its own parents.  Nothing in the directory changes yet: the link is made, and that of an older
 * set removed, when the first image is written, and image_dir_discard() removes it.
 */
MUST_USE struct err *image_dir_create(const char *path, const char *parent_path,
				      struct image_dir **out);

/*
 * Appends an entry to an image, whose file is made when its first entry is written.  @msg is lent
 * and must be of the kind's message.  All writing functions may be called from several threads as
 * long as each image has one writer.
 */
MUST_USE struct err *image_write(struct image_dir *dir, enum image_kind kind, uint64_t id,
				 const ProtobufCMessage *msg);
/*
 * Appends payload bytes (behind the last entry); makes an empty image when @len is 0 and nothing
 * was written.
 */
MUST_USE struct err *image_append(struct image_dir *dir, enum image_kind kind, uint64_t id,
				  const void *buf, size_t len);
/* Appends a framed entry of another message (ghost_chunk_entry, ipc_msg) as part of a payload. */
MUST_USE struct err *image_append_entry(struct image_dir *dir, enum image_kind kind, uint64_t id,
					const ProtobufCMessage *msg);
/*
 * Appends @len bytes read from @fd at @pos.  A file that ends early is ERR_GONE: it changed while
 * it was read.
 */
MUST_USE struct err *image_append_from_fd(struct image_dir *dir, enum image_kind kind, uint64_t id,
					  int fd, off_t pos, uint64_t len);

/*
 * Writes everything out, then the manifest, then inventory.img by rename: after it the set is
 * whole.  @inv is lent; its manifest_digest is set here.
 */
MUST_USE struct err *image_dir_commit(struct image_dir *dir, const InventoryEntry *inv);
/* Removes the files this dump has written; harmless twice, without effect after the commit. */
void image_dir_discard(struct image_dir *dir);
/* The mark that the dirty tracker has set for this dump, for the next one; zeros: none. */
void image_dir_set_mark(struct image_dir *dir, const uint8_t mark[MANIFEST_ID_LEN]);
/* Bytes of all files written so far; for the log. */
uint64_t image_dir_bytes(const struct image_dir *dir);

/*
 * Tells the durability wanted at the commit: false (the default) leaves writing back to the kernel,
 * as CRIU does; a set torn by a power failure is then known as torn by its sums.  True syncs each
 * file first.
 */
void image_dir_set_durable(struct image_dir *dir, bool durable);

/* --- reading: a restore, verify, show --- */

/*
 * Opens a set and its parent chain, checks manifest and inventory of each.  ERR_IMAGE says which
 * file is missing, cut or does not match.
 */
MUST_USE struct err *image_dir_open(const char *path, struct image_dir **out);
/* The same for looking at: takes pre-dumps too, which cannot be restored. */
MUST_USE struct err *image_dir_open_any(const char *path, struct image_dir **out);
/* Lent; of the directory itself, not of a parent. */
const InventoryEntry *image_dir_inventory(const struct image_dir *dir);
/* Whether contents can be checked: the set has a manifest. */
bool image_dir_has_manifest(const struct image_dir *dir);
/* The mark of the dirty tracker that the set was written with; false: none. */
bool image_dir_mark(const struct image_dir *dir, uint8_t out[MANIFEST_ID_LEN]);
bool image_exists(const struct image_dir *dir, enum image_kind kind, uint64_t id);
/* Moves the directory's descriptor, and those of the parents, to numbers not below @floor. */
MUST_USE struct err *image_dir_move_up(struct image_dir *dir, int floor);

/*
 * The only entry of an image, unpacked into @a; a missing image is ERR_IMAGE.  What follows the
 * entry is not looked at for kinds with a payload; other trailing bytes are ERR_IMAGE.
 */
MUST_USE struct err *image_read_single(struct image_dir *dir, enum image_kind kind, uint64_t id,
				       struct arena *a, ProtobufCMessage **out);
/* The same, but a missing image gives NULL. */
MUST_USE struct err *image_read_optional(struct image_dir *dir, enum image_kind kind, uint64_t id,
					 struct arena *a, ProtobufCMessage **out);

/* IMAGE_READ(r->images, IMAGE_CORE, pid, r->arena, &core), core being a CoreEntry *. */
#define IMAGE_READ(dir, kind, id, a, out_ptr)                                \
	({                                                                   \
		ProtobufCMessage *msg_ = NULL;                               \
		struct err *e_ = image_read_single(dir, kind, id, a, &msg_); \
		if (!e_)                                                     \
			*(out_ptr) = (void *)msg_;                           \
		e_;                                                          \
	})

/*
 * An image read entry by entry.  A missing file reads as one without entries.  Payload must be
 * taken with image_payload() or it is skipped by the next image_next() (kinds with PAYLOAD_SIZED).
 *
 *	struct image_stream *s;
 *	TRY(image_open(dir, IMAGE_PIPES_DATA, 0, &s));
 *	while (!(e = image_next(s, a, &msg)) && msg) ...
 *	image_close(s);
 */
struct image_stream;
MUST_USE struct err *image_open(struct image_dir *dir, enum image_kind kind, uint64_t id,
				struct image_stream **out);
/* The next entry, unpacked into @a, or NULL at the end. */
MUST_USE struct err *image_next(struct image_stream *s, struct arena *a, ProtobufCMessage **out);
/*
 * A framed entry of message @desc inside a payload (ghost chunks, SysV messages); NULL at the end
 * of file.
 */
MUST_USE struct err *image_next_as(struct image_stream *s, const ProtobufCMessageDescriptor *desc,
				   struct arena *a, ProtobufCMessage **out);
/* The next @len bytes, lent until image_close(); ERR_IMAGE if the file is shorter. */
MUST_USE struct err *image_payload(struct image_stream *s, uint64_t len, const void **out);
/* Bytes not read yet. */
uint64_t image_left(const struct image_stream *s);
/* For messages: "core-12.img", and the offset of the entry that was read last. */
const char *image_stream_name(const struct image_stream *s);
uint64_t image_stream_offset(const struct image_stream *s);
void image_close(struct image_stream *s);

static inline void cleanup_image_stream_(struct image_stream **s)
{
	image_close(*s);
}

/* AUTO_STREAM struct image_stream *s = NULL; */
#define AUTO_STREAM __attribute__((cleanup(cleanup_image_stream_)))

/*
 * A failure about the entry that was read last: names file and offset.  For checks of values by
 * higher rooms.
 */
MUST_USE PRINTF_LIKE(2, 3) struct err *image_stream_err(const struct image_stream *s,
							const char *fmt, ...);

/* --- images outside of a set: stats-dump, stats-restore, irmap-cache --- */

/* One entry into a new file in @dirfd, replacing an older one.  Not listed in any manifest. */
MUST_USE struct err *image_write_loose(int dirfd, enum image_kind kind, uint64_t id,
				       const ProtobufCMessage *msg);
MUST_USE struct err *image_read_loose(int dirfd, enum image_kind kind, uint64_t id, struct arena *a,
				      ProtobufCMessage **out);

#endif
