/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_DIR_PRIV_H
#define IMAGE_DIR_PRIV_H

#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>

#include <xxhash.h>

#include "image/dir.h"
#include "image/manifest.h"
#include "image/spool.h"

/* Longest chain of parents that is followed. */
enum { IMAGE_CHAIN_MAX = 4096 };

/* A file being written: its bytes wait in @buf until there are many or the set is committed. */
struct out_file {
	enum image_kind kind;
	uint64_t id;
	char name[MANIFEST_FILE_NAME_MAX + 1];
	uint8_t *buf;
	size_t len, room;
	uint64_t flushed;    /* bytes already in the file */
	bool is_done;	     /* nothing can be added: size and sum are final */
	XXH3_state_t *state; /* of the flushed bytes; NULL while nothing is flushed */
	uint64_t sum;
	bool is_pages;
	struct sum_list sums; /* of a pages file */
};

struct image_dir {
	int fd;
	char *path;
	struct stat st;
	struct image_dir *parent;
	bool is_writing;
	bool is_parent;		     /* opened as one */
	uint8_t id[MANIFEST_ID_LEN]; /* what a child is bound to; zeros: nothing tells it */

	/* reading */
	struct arena *arena; /* of the inventory */
	InventoryEntry *inventory;
	bool has_manifest;
	struct manifest manifest;
	const char
		*manifest_name; /* MANIFEST_NAME, or MANIFEST_NEW_NAME after a dedup that was cut */
	bool has_common;	/* image version 2: the common magic is there */

	/* writing */
	pthread_mutex_t lock; /* of all below */
	struct out_file **files;
	size_t nr_files, room_files;
	uint32_t *index; /* hash table of positions in files, plus one; a power of two */
	size_t index_len;
	uint32_t next_pages_id;
	struct spool spool; /* has a lock of its own */
	uint64_t ahead_bytes;
	int ahead_fd; /* image_dir_prepare_pages(), not taken yet; or -1 */
	uint64_t bytes;
	char *parent_text;
	uint8_t mark[MANIFEST_ID_LEN];
	bool is_durable;
	bool is_begun;	  /* an older set's inventory is gone */
	bool made_parent; /* the link "parent" */
	bool is_committed;
};

/* A whole file in memory, its sum checked. */
struct loaded {
	const uint8_t *bytes;
	size_t len;
	bool is_mapped;
};

/* --- open.c --- */

/* A directory that nothing is known of. */
MUST_USE struct err *dir_open_bare(int dirfd, const char *path, const char *shown,
				   struct image_dir **out);
/*
 * Inventory, manifest, sizes of the files.  CRIU needs no inventory of a parent, so one without any of ours is taken
 * without.
 */
MUST_USE struct err *set_open(struct image_dir *dir);

/* The body of an inventory, its digest apart. */
struct inventory {
	const uint8_t *body;
	size_t len;
	const uint8_t *digest; /* NULL: there is none */
	bool is_odd;	       /* no digest, but not as CRIU writes it either */
};

/* Looks into the bytes of inventory.img; what it gives points into them. */
MUST_USE struct err *inventory_parse(struct image_dir *dir, const struct loaded *file,
				     struct inventory *inv);

/* --- bytes.c --- */

/* Copies a part of a file, sharing the blocks where the filesystem can; @from ending early is ERR_IMAGE. */
MUST_USE struct err *bytes_copy(int from, uint64_t from_pos, int to, uint64_t to_pos, uint64_t len);

/* --- dedup.c --- */

/* Adds the advice to a failure about pages that were removed from @dir: which set has newer ones. */
MUST_USE struct err *image_dir_removed(const struct image_dir *dir, struct err *e);

/* --- commit.c --- */

/*
 * Writes inventory.img under the name it is committed from: @body, which has no digest, and the digest that ties it to
 * the manifest of this sum.
 */
MUST_USE struct err *inventory_put(int fd, const uint8_t *body, size_t len,
				   const uint8_t manifest_sum[MANIFEST_DIGEST_LEN]);
#define INVENTORY_PART_NAME "inventory.img.part"

/* --- chain.c --- */

/* The set at @path relative to @dirfd (@path in messages: @shown), checked, with its chain. */
MUST_USE struct err *chain_open(int dirfd, const char *path, const char *shown,
				struct image_dir **out);

/* Where a directory is, for a message; false when that cannot be told. */
bool dir_real_path(int fd, char out[PATH_MAX]);

/* --- ahead.c --- */

/*
 * Puts the file that was got ahead, if there is one, in place of the new one @name, open as *@fd; *bytes_out is how
 * much of it is there.
 */
MUST_USE struct err *ahead_take(struct image_dir *dir, const char *name, int *fd,
				uint64_t *bytes_out);

/* --- writer.c --- */

/* The out_file of an image, made if need be; takes the lock.  ERR_BUG when it is finished. */
MUST_USE struct err *out_get(struct image_dir *dir, enum image_kind kind, uint64_t id,
			     struct out_file **out);
/* The same for an image of any name, to which only bytes are added; @name in no other out_file. */
MUST_USE struct err *out_get_named(struct image_dir *dir, const char *name, struct out_file **out);
/* A new file in place of one of the same name; the first one ends what an older set was. */
MUST_USE struct err *out_create(struct image_dir *dir, const char *name, int *fd_out);
/* Appends bytes to an image whose magic is written. */
MUST_USE struct err *out_bytes(struct image_dir *dir, struct out_file *f, const void *buf,
			       size_t len);
/* Writes out what waits; nothing can be added afterwards. */
MUST_USE struct err *out_finish(struct image_dir *dir, struct out_file *f);
uint64_t out_size(const struct out_file *f);
void out_free(struct out_file *f);

/* --- load.c --- */

/* @found_out false: there is no such image. */
MUST_USE struct err *file_load(struct image_dir *dir, const char *name, struct loaded *out,
			       bool *found_out);
void loaded_fini(struct loaded *l);
/*
 * Opens a regular file of the set for reading and gives its size; follows no link, waits for no
 * fifo.
 */
MUST_USE struct err *file_open(struct image_dir *dir, const char *name, int *fd_out,
			       uint64_t *size_out, bool *found_out);
/* The same without opening it. */
MUST_USE struct err *file_size(struct image_dir *dir, const char *name, uint64_t *size_out,
			       bool *found_out);
/* What the manifest says about @name; NULL without one. */
const struct manifest_file *file_listed(const struct image_dir *dir, const char *name);
/* Where the entries begin: checks the magic words. */
MUST_USE struct err *magic_check(const struct image_dir *dir, enum image_kind kind,
				 const uint8_t *bytes, size_t len, size_t *start_out);

/*
 * inventory_entry.manifest_digest on the wire, where it is the last field: key (1001 << 3 | 2) and
 * length, then the digest.
 */
enum { DIGEST_FIELD_LEN = 3 + MANIFEST_DIGEST_LEN };
#define DIGEST_FIELD_TAG ((const uint8_t[3]){ 0xca, 0x3e, MANIFEST_DIGEST_LEN })

#endif
