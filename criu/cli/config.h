/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

/*
 * Configuration files.  A line holds the name of an option without dashes and perhaps a value, separated by
 * blanks or one =.  # begins a comment.  A value with blanks is put in double quotes; inside, \" is a quote
 * and \\ a backslash.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct config_line {
	const char *name;
	const char *value; /* NULL: none */
	unsigned int line;
};

/* Splits @text (@len bytes, any) into lines; @path is for messages.  Memory is @a's. */
MUST_USE struct err *config_split(struct arena *a, const char *path, const char *text, size_t len,
				  struct config_line **out, size_t *nr_out);

/* Reads and splits a file.  One that does not exist has no lines, and *@is_missing_out is set. */
MUST_USE struct err *config_read(struct arena *a, const char *path, struct config_line **out,
				 size_t *nr_out, bool *is_missing_out);

#endif
