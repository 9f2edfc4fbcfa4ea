/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_WALK_H
#define IMAGE_WALK_H

/*
 * Going over everything a set holds, whatever it means: for `verify`, `show` and the fuzzers.
 */

#include "image/dir.h"

struct image_visitor {
	void *arg;
	MUST_USE struct err *(*run)(void *arg, struct image_dir *dir, const char *name);
};

/*
 * Calls @v for each file of the set (not of its parents): the listed ones in order of their names,
 * inventory.img first; without a manifest every file whose name is an image's.  Stops at the first
 * failure it returns.
 */
MUST_USE struct err *image_dir_each(struct image_dir *dir, const struct image_visitor *v);

/* Pages in the files of this set (not of its parents); 0 without a manifest. */
uint64_t image_dir_nr_pages(const struct image_dir *dir);

struct image_entry {
	const char *file;
	uint64_t offset;	     /* of the entry in its file */
	const ProtobufCMessage *msg; /* lent for the call */
	uint64_t payload_len;	     /* of the bytes behind it that belong to it */
	bool is_nested; /* part of the payload of the entry before (ghost chunk, SysV message) */
};

struct image_entry_visitor {
	void *arg;
	MUST_USE struct err *(*run)(void *arg, const struct image_entry *entry);
};

/*
 * Calls @v for each entry of an image; the payload rules are followed and their sizes checked, so a
 * file that passes is well framed to its last byte.  @v may be NULL.  Raw images have no entries.
 */
MUST_USE struct err *image_walk(struct image_dir *dir, enum image_kind kind, uint64_t id,
				const struct image_entry_visitor *v);

struct image_check_stats {
	uint64_t nr_files;
	uint64_t nr_bytes;
	uint64_t nr_pages;   /* compared with their sums */
	uint64_t nr_removed; /* not compared: dedup has removed them */
	uint64_t nr_entries;
	struct progress *progress; /* told of the pages; or NULL */
};

/*
 * Checks one file by name: its sum (pages: each page's), its framing, its messages; for a pagemap
 * also that its pages are there, in this set or in a parent.  Adds to @stats.
 */
MUST_USE struct err *image_check(struct image_dir *dir, const char *name,
				 struct image_check_stats *stats);

#endif
