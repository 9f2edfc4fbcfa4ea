/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_SPOOL_H
#define IMAGE_SPOOL_H

/*
 * Sums of pages from the time they are made to the commit, which writes them into the manifest.  There are 8 bytes for
 * each page of the dump, so what is more than a little of them lies in a file without a name.
 */

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The file, of one image directory. */
struct spool {
	int fd; /* -1: nothing had to be spooled yet */
	uint64_t len;
	uint64_t heap_sums; /* of finished lists */
	pthread_mutex_t lock;
};

/* The sums of one pages file. */
struct sum_list {
	uint64_t nr;
	uint64_t *heap; /* NULL: they are in pieces of the file */
	uint64_t room;
	uint64_t *pieces; /* where each is */
	size_t room_pieces, nr_pieces;
};

void spool_init(struct spool *s);
void spool_fini(struct spool *s);

/*
 * Makes room for @nr more sums; @dirfd is where the file is made.  Not while another thread uses the list; so the three
 * below are called with the owner's lock, but for the writing that sums_put() leaves to sums_write().
 */
MUST_USE struct err *sums_reserve(struct spool *s, int dirfd, struct sum_list *list, uint64_t nr);

/* Where in the file some sums belong. */
struct sums_place {
	uint64_t offset;
	size_t nr; /* that lie together there; 0: they are on the heap and done */
};

/* The first of @nr sums from number @at on: puts them on the heap or says where they belong. */
struct sums_place sums_put(struct sum_list *list, uint64_t at, size_t nr, const uint64_t *sums);
/* No more are reserved: few ones may stay on the heap. */
MUST_USE struct err *sums_settle(struct spool *s, int dirfd, struct sum_list *list);
MUST_USE struct err *sums_write(const struct spool *s, struct sums_place place,
				const uint64_t *sums);
/* @nr sums from number @at on. */
MUST_USE struct err *sums_read(const struct spool *s, const struct sum_list *list, uint64_t at,
			       size_t nr, uint64_t *out);
void sums_fini(struct sum_list *list);

#endif
