// SPDX-License-Identifier: GPL-2.0-only
/* Bytes from one file to another, by the kernel where it can. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/dir_priv.h"

enum { COPY_BYTES = 1 << 20 };

static struct err *copy_by_hand(int from, uint64_t from_pos, int to, uint64_t to_pos, uint64_t len)
{
	AUTO_FREE char *buf = malloc(COPY_BYTES);

	if (!buf)
		return err_new(ERR_NOMEM, "cannot allocate a buffer for copying");
	while (len) {
		size_t here = (size_t)MIN(len, COPY_BYTES);

		TRY(fd_pread_all(from, buf, here, (off_t)from_pos));
		TRY(fd_pwrite_all(to, buf, here, (off_t)to_pos));
		from_pos += here;
		to_pos += here;
		len -= here;
	}
	return NULL;
}

struct err *bytes_copy(int from, uint64_t from_pos, int to, uint64_t to_pos, uint64_t len)
{
	off_t in = (off_t)from_pos, out = (off_t)to_pos;

	while (len) {
		ssize_t n = copy_file_range(from, &in, to, &out, (size_t)MIN(len, SSIZE_MAX / 2),
					    0);

		if (n < 0 && errno == EINTR)
			continue;
		/* Not between these filesystems, or not on them; a failure of the disk comes again by hand. */
		if (n <= 0)
			return copy_by_hand(from, (uint64_t)in, to, (uint64_t)out, len);
		len -= (uint64_t)n;
	}
	return NULL;
}
