/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_EXTERNAL_H
#define CLI_EXTERNAL_H

/* The texts of --external and --inherit-fd. */

#include "base/err.h"
#include "base/options.h"

/* Whether @text is a well-formed resource of a kind that is supported. */
MUST_USE struct err *external_check(const char *text);

/*
 * Splits "fd[N]:KEY"; the key is lent from @text.  The descriptor must be open.  "debug[N]:TEXT" is the
 * other form: it writes TEXT to N at once, and *@is_resource_out is false.
 */
MUST_USE struct err *inherit_fd_parse(const char *text, struct inherit_fd *out,
				      bool *is_resource_out);

#endif
