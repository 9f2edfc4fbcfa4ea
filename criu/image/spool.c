// SPDX-License-Identifier: GPL-2.0-only
#include "image/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"

/* Sums of one list that may be on the heap, and the size of the pieces that the file is given out in. */
enum { PIECE_SUMS = 8192 };
/* Of all finished lists together: a tree of a thousand small tasks needs no file. */
enum { HEAP_SUMS = 16 * PIECE_SUMS };

void spool_init(struct spool *s)
{
	*s = (struct spool){ .fd = -1 };
	pthread_mutex_init(&s->lock, NULL);
}

void spool_fini(struct spool *s)
{
	if (s->fd >= 0)
		close(s->fd);
	pthread_mutex_destroy(&s->lock);
}

static struct err *spool_open(struct spool *s, int dirfd)
{
	if (s->fd < 0)
		s->fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* Not every filesystem has files without names. */
	if (s->fd < 0)
		s->fd = memfd_create("sums", MFD_CLOEXEC);
	if (s->fd < 0)
		return err_sys(errno, "cannot make a file for the sums of pages");
	return NULL;
}

/* A part of the file that nobody else writes to. */
static struct err *spool_take(struct spool *s, int dirfd, size_t nr, uint64_t *offset_out)
{
	struct err *e;

	pthread_mutex_lock(&s->lock);
	e = spool_open(s, dirfd);
	*offset_out = s->len;
	s->len += nr * sizeof(uint64_t);
	pthread_mutex_unlock(&s->lock);
	return e;
}

static struct err *pieces_add(struct spool *s, int dirfd, struct sum_list *list, size_t nr_sums)
{
	if (list->nr_pieces == list->room_pieces) {
		size_t room = list->room_pieces ? list->room_pieces * 2 : 8;
		uint64_t *pieces = realloc(list->pieces, room * sizeof(*pieces));

		if (!pieces)
			return err_new(ERR_NOMEM, "cannot allocate a list of %zu pieces", room);
		list->pieces = pieces;
		list->room_pieces = room;
	}
	TRY(spool_take(s, dirfd, nr_sums, &list->pieces[list->nr_pieces]));
	list->nr_pieces++;
	return NULL;
}

/* What is on the heap becomes the first piece. */
static struct err *heap_leave(struct spool *s, int dirfd, struct sum_list *list, size_t nr_sums)
{
	struct sums_place place = { .nr = (size_t)list->nr };

	TRY(pieces_add(s, dirfd, list, nr_sums));
	place.offset = list->pieces[0];
	if (list->nr)
		TRY(sums_write(s, place, list->heap));
	free(list->heap);
	list->heap = NULL;
	return NULL;
}

static struct err *heap_grow(struct sum_list *list, uint64_t nr)
{
	uint64_t room = MIN(MAX(nr, list->room * 2), PIECE_SUMS);
	uint64_t *heap;

	if (nr <= list->room)
		return NULL;
	heap = realloc(list->heap, room * sizeof(*heap));
	if (!heap)
		return err_new(ERR_NOMEM, "cannot allocate the sums of %llu pages",
			       (unsigned long long)nr);
	list->heap = heap;
	list->room = room;
	return NULL;
}

struct err *sums_reserve(struct spool *s, int dirfd, struct sum_list *list, uint64_t nr)
{
	uint64_t want = list->nr + nr;

	if (want <= PIECE_SUMS && !list->nr_pieces) {
		TRY(heap_grow(list, want));
	} else {
		if (!list->nr_pieces)
			TRY(heap_leave(s, dirfd, list, PIECE_SUMS));
		while (list->nr_pieces * PIECE_SUMS < want)
			TRY(pieces_add(s, dirfd, list, PIECE_SUMS));
	}
	list->nr = want;
	return NULL;
}

static struct sums_place place_of(const struct sum_list *list, uint64_t at, size_t nr)
{
	uint64_t in_piece = at % PIECE_SUMS;

	return (struct sums_place){
		.offset = list->pieces[at / PIECE_SUMS] + in_piece * sizeof(uint64_t),
		.nr = MIN(nr, (size_t)(PIECE_SUMS - in_piece)),
	};
}

struct sums_place sums_put(struct sum_list *list, uint64_t at, size_t nr, const uint64_t *sums)
{
	if (!list->heap)
		return place_of(list, at, nr);
	memcpy(list->heap + at, sums, nr * sizeof(*sums));
	return (struct sums_place){ 0 };
}

struct err *sums_settle(struct spool *s, int dirfd, struct sum_list *list)
{
	bool may_stay;

	if (!list->heap)
		return NULL;
	pthread_mutex_lock(&s->lock);
	may_stay = s->heap_sums + list->nr <= HEAP_SUMS;
	s->heap_sums += may_stay ? list->nr : 0;
	pthread_mutex_unlock(&s->lock);
	return may_stay ? NULL : heap_leave(s, dirfd, list, (size_t)list->nr);
}

struct err *sums_write(const struct spool *s, struct sums_place place, const uint64_t *sums)
{
	return err_context(fd_pwrite_all(s->fd, sums, place.nr * sizeof(*sums),
					 (off_t)place.offset),
			   "sums of pages");
}

struct err *sums_read(const struct spool *s, const struct sum_list *list, uint64_t at, size_t nr,
		      uint64_t *out)
{
	if (list->heap) {
		memcpy(out, list->heap + at, nr * sizeof(*out));
		return NULL;
	}
	while (nr) {
		struct sums_place place = place_of(list, at, nr);

		TRY(err_context(fd_pread_all(s->fd, out, place.nr * sizeof(*out),
					     (off_t)place.offset),
				"sums of pages"));
		out += place.nr;
		at += place.nr;
		nr -= place.nr;
	}
	return NULL;
}

void sums_fini(struct sum_list *list)
{
	free(list->heap);
	free(list->pieces);
	*list = (struct sum_list){ 0 };
}
