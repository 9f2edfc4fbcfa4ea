/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_SETTING_PRIV_H
#define CLI_SETTING_PRIV_H

/* One use of an option, from wherever it came: between the words and struct options. */

#include "base/arena.h"
#include "cli/options.h"
#include "cli/parse.h"

struct setting {
	const struct option_row *row;
	const char *value; /* NULL: none given */
	bool is_negated;
	bool is_letter;	   /* given as -x */
	const char *where; /* "FILE:LINE", or NULL for the command line */
};

/*
 * Puts the setting into inv->opts if its row belongs to the command; says in inv->notes what had no effect.
 * Memory of lists is @a's; texts are lent.
 */
MUST_USE struct err *setting_apply(struct arena *a, const struct setting *s,
				   struct invocation *inv);
/* Puts the defaults of all rows into inv->opts. */
MUST_USE struct err *settings_default(struct arena *a, struct invocation *inv);

void string_list_add(struct arena *a, struct string_list *list, const char *text);

#endif
