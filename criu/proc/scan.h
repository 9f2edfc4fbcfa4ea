/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_SCAN_H
#define PROC_SCAN_H

/*
 * Reading text that is not trusted: a cursor that never leaves its bytes.  The text need not end in
 * NUL and may hold NULs.  Every scan_* function returns false and leaves the cursor where it was
 * when the text does not match.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct scan {
	const char *pos;
	const char *end;
};

static inline struct scan scan_init(const char *text, size_t len)
{
	return (struct scan){ .pos = text, .end = text + len };
}

static inline bool scan_at_end(const struct scan *s)
{
	return s->pos == s->end;
}

/* The next line without its newline; false at the end of the text. */
bool scan_line(struct scan *s, struct scan *line_out);
bool scan_char(struct scan *s, char c);
bool scan_text(struct scan *s, const char *text);
/* Skips blanks and tabs; never fails. */
void scan_blanks(struct scan *s);
/* The next run of bytes that are not blanks; at least one. */
bool scan_word(struct scan *s, struct scan *word_out);
bool scan_is(const struct scan *s, const char *text);

/* Digits only, at least one; an overflow is false. */
bool scan_u64(struct scan *s, uint64_t *out);
bool scan_i64(struct scan *s, int64_t *out);
bool scan_hex(struct scan *s, uint64_t *out);
bool scan_oct(struct scan *s, uint64_t *out);
/* Decimal, 0 < pid <= 2^30. */
bool scan_pid(struct scan *s, int *out);

/* ERR_SYS "cannot parse WHAT: near ...": for text of the kernel that is not as expected. */
MUST_USE struct err *scan_error(const struct scan *s, const char *what);

#endif
