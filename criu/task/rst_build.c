/* SPDX-License-Identifier: GPL-2.0-only */
#include "task/rst_build.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, FIRST_CAP = 65536 };

static void grow(struct rst_build *b, size_t need)
{
	size_t cap = b->cap ? b->cap : FIRST_CAP;
	char *buf;

	while (cap < need)
		cap *= 2;
	if (cap == b->cap)
		return;
	buf = realloc(b->buf, cap);
	/* As in base/arena.h: there is nothing to unwind with. */
	if (!buf)
		abort();
	memset(buf + b->cap, 0, cap - b->cap);
	b->buf = buf;
	b->cap = cap;
}

void rst_build_init(struct rst_build *b, uint64_t args_off)
{
	*b = (struct rst_build){ .args_off = args_off };
	rst_put(b, NULL, sizeof(struct rst_args));
}

void rst_build_fini(struct rst_build *b)
{
	free(b->buf);
	b->buf = NULL;
}

uint64_t rst_put(struct rst_build *b, const void *data, size_t len)
{
	size_t at = (b->len + ALIGN - 1) / ALIGN * ALIGN;

	grow(b, at + len);
	if (data)
		memcpy(b->buf + at, data, len);
	b->len = at + len;
	return b->args_off + at;
}

void *rst_at(const struct rst_build *b, uint64_t off)
{
	return b->buf + (off - b->args_off);
}
