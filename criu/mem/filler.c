/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads pages straight to their places: one preadv for many runs that lie one after another in the
 * pages file. The sums are checked on each chunk right after it was read, while it is in the CPU's
 * cache, so the bytes come from memory once.
 */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "base/progress.h"
#include "mem/restore_priv.h"

enum { CHUNK_BYTES = 256 * 1024, MAX_SEGS = 1024 };

_Static_assert(MAX_SEGS <= IOV_MAX, "one call takes all segments");

/* Part of a run: what to check after reading. */
struct seg {
	struct page_extent ext;
	uint64_t first, nr;
};

struct filler {
	struct page_source *src;
	struct progress *progress;
	int fd;		 /* of all segments */
	uint64_t offset; /* in the file, of the first segment */
	size_t bytes;
	size_t nr;
	struct iovec iov[MAX_SEGS];
	struct seg segs[MAX_SEGS];
};

struct err *filler_new(struct page_source *src, struct progress *progress, struct filler **out)
{
	struct filler *f = malloc(sizeof(*f));

	if (!f)
		return err_new(ERR_NOMEM, "cannot fill memory");
	f->src = src;
	f->progress = progress;
	f->nr = 0;
	f->bytes = 0;
	*out = f;
	return NULL;
}

void filler_free(struct filler *f)
{
	free(f);
}

/*
 * The file was checked to be long enough when it was opened: a short count means it was cut since.
 */
static struct err *read_all(struct filler *f)
{
	struct iovec *iov = f->iov;
	uint64_t offset = f->offset;
	size_t left = f->bytes, nr = f->nr;

	while (left) {
		ssize_t got = preadv(f->fd, iov, (int)nr, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(errno, "cannot read pages at offset %llu",
				       (unsigned long long)offset);
		if (got == 0)
			return err_new(ERR_IMAGE,
				       "cannot read pages at offset %llu: the file was cut",
				       (unsigned long long)offset);
		left -= (size_t)got;
		offset += (uint64_t)got;
		for (; nr && (size_t)got >= iov->iov_len; iov++, nr--)
			got -= (ssize_t)iov->iov_len;
		if (got) {
			iov->iov_base = (char *)iov->iov_base + got;
			iov->iov_len -= (size_t)got;
		}
	}
	return NULL;
}

static struct err *verify_all(const struct filler *f, void *const *bases)
{
	for (size_t i = 0; i < f->nr; i++)
		TRY(page_source_verify(f->src, &f->segs[i].ext, f->segs[i].first, f->segs[i].nr,
				       bases[i]));
	return NULL;
}

struct err *filler_flush(struct filler *f)
{
	void *bases[MAX_SEGS];
	struct err *e;

	if (!f->nr)
		return NULL;
	for (size_t i = 0; i < f->nr; i++)
		bases[i] = f->iov[i].iov_base;
	e = read_all(f);
	if (!e)
		e = verify_all(f, bases);
	progress_add(f->progress, f->bytes / MEM_PAGE);
	f->nr = 0;
	f->bytes = 0;
	return e;
}

static struct err *add_chunk(struct filler *f, const struct page_extent *ext, uint64_t first,
			     uint64_t nr, void *dest)
{
	uint64_t offset = ext->offset + first * MEM_PAGE;

	if (f->nr && (f->nr == MAX_SEGS || f->bytes >= CHUNK_BYTES || f->fd != ext->fd ||
		      f->offset + f->bytes != offset))
		TRY(filler_flush(f));
	if (!f->nr) {
		f->fd = ext->fd;
		f->offset = offset;
	}
	f->segs[f->nr] = (struct seg){ *ext, first, nr };
	f->iov[f->nr++] = (struct iovec){ dest, nr * MEM_PAGE };
	f->bytes += nr * MEM_PAGE;
	return NULL;
}

struct err *filler_add(struct filler *f, const struct page_extent *ext, uint64_t first, uint64_t nr,
		       void *dest)
{
	while (nr) {
		uint64_t room = f->bytes < CHUNK_BYTES ? CHUNK_BYTES - f->bytes : CHUNK_BYTES;
		uint64_t n = MIN(nr, room / MEM_PAGE);

		TRY(add_chunk(f, ext, first, n, dest));
		first += n;
		nr -= n;
		dest = (char *)dest + n * MEM_PAGE;
	}
	return NULL;
}
