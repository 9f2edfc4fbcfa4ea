/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_RST_BUILD_H
#define TASK_RST_BUILD_H

/*
 * The argument area of the restorer while a worker puts it together.  It grows on the heap; struct
 * rst_args comes first, what is put later gets an offset from the start of the final area.
 * Pointers into it die at the next put.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "pie/abi/restorer.h"

struct rst_build {
	char *buf;	 /* struct rst_args, then what was put */
	size_t len, cap; /* bytes used and allocated */
	/* offset of buf[0] from the area's start: the code's size in whole pages */
	uint64_t args_off;
};

/* The arguments being filled; valid until the next rst_put. */
static inline struct rst_args *rst_args(const struct rst_build *b)
{
	return (struct rst_args *)b->buf;
}

/* @args_off: see above. */
void rst_build_init(struct rst_build *b, uint64_t args_off);
void rst_build_fini(struct rst_build *b);
/*
 * Appends @len bytes (zeros if @data is NULL), aligned to 16; the result is their offset in the
 * area.
 */
uint64_t rst_put(struct rst_build *b, const void *data, size_t len);
/* Where such an offset is now; valid until the next rst_put. */
void *rst_at(const struct rst_build *b, uint64_t off);

#endif
