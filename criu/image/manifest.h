/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

/*
 * The manifest of a set: size and XXH3 sum of every image but the inventory, a sum per 4 KiB page
 * for pages files, the set's own id and its parent's.  The digest in inventory.img covers it and
 * the inventory.  Layout: images/README.md, "Manifest".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/spool.h"

#define MANIFEST_NAME "manifest.criu-lite"
/* While a manifest is replaced, the inventory may belong to this one. */
#define MANIFEST_NEW_NAME "manifest.criu-lite.new"

enum { MANIFEST_ID_LEN = 16, MANIFEST_DIGEST_LEN = 16, MANIFEST_FILE_NAME_MAX = 255 };

/* In place of a page's sum: the page is gone, a newer set has it. */
#define SUM_REMOVED UINT64_MAX

struct manifest_head {
	uint8_t set_id[MANIFEST_ID_LEN];
	bool has_parent;
	uint8_t parent_id[MANIFEST_ID_LEN]; /* of a parent without manifest: of its inventory */
	uint8_t mark[MANIFEST_ID_LEN];	    /* of the dirty tracker; zeros: none */
	bool has_removed;		    /* some sums are SUM_REMOVED */
};

struct manifest_file {
	const char *name;
	uint64_t size;
	uint64_t sum;	      /* XXH3-64 of the contents; unused for pages */
	bool is_pages;	      /* size is a multiple of 4096 and there is a sum for each page */
	const uint64_t *sums; /* size / 4096 of them, in the manifest that was read */
	const struct sum_list *spooled; /* the same for writing */
};

struct manifest {
	struct manifest_head head;
	struct manifest_file *files; /* by name */
	size_t nr_files;
	void *bytes; /* what names and sums point into */
	size_t len;
	bool is_mapped; /* else on the heap */
};

/*
 * Writes a manifest to @fd and gives the XXH3-128 of its bytes.  @files is sorted here; names must
 * differ.  @spool is where the sums are that are not on the heap.
 */
MUST_USE struct err *manifest_write(int fd, const struct manifest_head *head,
				    struct manifest_file *files, size_t nr,
				    const struct spool *spool,
				    uint8_t sum_out[MANIFEST_DIGEST_LEN]);
/*
 * The opposite.  Takes @own_bytes (from malloc(), or a private mapping of the file) in any case; @out is to be given to
 * manifest_fini().  ERR_IMAGE for everything that manifest_write() would not write.
 */
MUST_USE struct err *manifest_parse(void *own_bytes, size_t len, bool is_mapped,
				    struct manifest *out);
void manifest_fini(struct manifest *m);
/* Where in the manifest's file the sum of a page is, to be replaced by SUM_REMOVED there. */
uint64_t manifest_sum_at(const struct manifest *m, const struct manifest_file *f, uint64_t page);
/* Makes a manifest in @fd say that sums of it are SUM_REMOVED. */
MUST_USE struct err *manifest_set_removed(int fd);
/* NULL if it is not listed. */
const struct manifest_file *manifest_find(const struct manifest *m, const char *name);

/* XXH3-128 of the bytes of a manifest, most significant byte first.  A mapping does not stay in memory. */
MUST_USE struct err *manifest_sum(const void *bytes, size_t len, bool is_mapped,
				  uint8_t out[MANIFEST_DIGEST_LEN]);
/*
 * The digest of a set: XXH3-128, most significant byte first, of the manifest's sum (16 bytes)
 * followed by the bytes of the packed inventory without its digest field.
 */
MUST_USE struct err *manifest_digest(const uint8_t sum[MANIFEST_DIGEST_LEN], const void *inventory,
				     size_t inventory_len, uint8_t out[MANIFEST_DIGEST_LEN]);

#endif
