// SPDX-License-Identifier: GPL-2.0-only
#include "cli/setting_priv.h"

/* What a row's type means: how its value is checked and stored. */

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/external.h"

void string_list_add(struct arena *a, struct string_list *list, const char *text)
{
	list->items = arena_grow(a, list->items, list->nr, sizeof(*list->items));
	list->items[list->nr++] = text;
}

static struct err *bad_value(const struct setting *s)
{
	return err_new(ERR_USAGE, "cannot use \"%s\" for --%s", s->value, s->row->name);
}

/* Digits only: no sign, no blanks, no other base. */
static bool parse_digits(const char *text, uint64_t *out, const char **end_out)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	*end_out = end;
	return errno == 0;
}

static struct err *parse_number(const struct setting *s, uint64_t type_max, uint64_t *out)
{
	uint64_t max = s->row->max ? s->row->max : type_max;
	const char *end;
	uint64_t n;

	if (!parse_digits(s->value, &n, &end) || *end || n < s->row->min || n > max)
		return err_hint(bad_value(s), "give a number from %llu to %llu",
				(unsigned long long)s->row->min, (unsigned long long)max);
	*out = n;
	return NULL;
}

static struct err *parse_size(const struct setting *s, uint64_t *out)
{
	static const char units[] = "KMG";
	const char *end, *unit;
	unsigned int shift = 0;
	uint64_t n;

	if (parse_digits(s->value, &n, &end)) {
		unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
		if (unit) {
			shift = 10 * (unsigned int)(unit - units + 1);
			end++;
		}
		if (!*end && n <= UINT64_MAX >> shift) {
			*out = n << shift;
			return NULL;
		}
	}
	return err_hint(bad_value(s),
			"give a number of bytes, or one with K, M or G behind it, as in 64M");
}

static struct err *parse_verbosity(const struct setting *s, int *level)
{
	uint64_t n = 1;
	const char *end;

	if (s->value && s->value[strspn(s->value, "v")] == '\0')
		n += strlen(s->value);
	else if (s->value && (!parse_digits(s->value, &n, &end) || *end))
		return err_hint(bad_value(s), "give a level from 0 to 4");
	else if (s->value)
		*level = 0;
	*level = n > s->row->max ? (int)s->row->max : MIN(*level + (int)n, (int)s->row->max);
	return NULL;
}

static struct err *parse_word(const struct setting *s, int *index_out)
{
	const char *const *words = s->row->words;
	char list[128] = "";

	for (size_t i = 0; words[i]; i++) {
		size_t len = strlen(list);

		if (s->value && !strcmp(words[i], s->value)) {
			*index_out = (int)i;
			return NULL;
		}
		snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", words[i]);
	}
	if (!s->value)
		return err_hint(err_new(ERR_USAGE, "cannot use --%s without a value", s->row->name),
				"write --%s=%s", s->row->name, words[0]);
	return err_hint(bad_value(s), "%s %s",
			words[1] ? "give one of" : "the only one supported is", list);
}

/*
 * The tool changes into the work directory, so a program named relative to where the user stands is made
 * absolute now.  One that does not exist is kept as it is, and refused when all scripts are checked.
 */
static const char *absolute_program(struct arena *a, const char *path)
{
	AUTO_FREE char *full = realpath(path, NULL);

	return full ? arena_strdup(a, full) : path;
}

static struct err *add_inherited(struct arena *a, const struct setting *s, struct options *opts)
{
	struct inherit_fd one, *list = (struct inherit_fd *)opts->inherit_fds;
	bool is_resource;

	TRY(inherit_fd_parse(s->value, &one, &is_resource));
	if (!is_resource)
		return NULL;
	list = arena_grow(a, list, opts->nr_inherit_fds, sizeof(*list));
	list[opts->nr_inherit_fds++] = one;
	opts->inherit_fds = list;
	return NULL;
}

/* "12,34" is --external unix[12] --external unix[34]. */
static struct err *add_peers(struct arena *a, const struct setting *s, struct options *opts)
{
	const char *at = s->value ? s->value : "";

	opts->ext_unix_sk = true;
	while (*at) {
		size_t len = strspn(at, "0123456789");

		if (!len || (at[len] && at[len] != ','))
			return err_hint(bad_value(s),
					"give numbers of inodes, with commas between");
		string_list_add(a, &opts->external, arena_printf(a, "unix[%.*s]", (int)len, at));
		at += len + (at[len] == ',');
	}
	return NULL;
}

static struct err *store_number(const struct setting *s, void *member)
{
	uint64_t n = 0;

	if (s->row->type == OPT_SIZE)
		return parse_size(s, member);
	TRY(parse_number(s, s->row->type == OPT_UINT ? UINT_MAX : INT_MAX, &n));
	if (s->row->type == OPT_UINT)
		*(unsigned int *)member = (unsigned int)n;
	else if (s->row->type == OPT_PID)
		*(pid_t *)member = (pid_t)n;
	else
		*(int *)member = (int)n;
	return NULL;
}

static struct err *store(struct arena *a, const struct setting *s, struct options *opts,
			 struct invocation *inv)
{
	void *member = (char *)opts + s->row->offset;
	int word;

	switch (s->row->type) {
	case OPT_BOOL:
		*(bool *)member = !s->is_negated;
		return NULL;
	case OPT_FINAL:
		*(enum final_state *)member = s->row->value;
		return NULL;
	case OPT_PID:
	case OPT_UINT:
	case OPT_FD:
	case OPT_SIZE:
		return store_number(s, member);
	case OPT_TEXT:
	case OPT_FILE:
	case OPT_DIR:
		if (!*s->value)
			return err_hint(bad_value(s), "give a %s", s->row->arg);
		*(const char **)member = s->value;
		return NULL;
	case OPT_LIST:
	case OPT_FILE_LIST:
		string_list_add(a, member, s->value);
		return NULL;
	case OPT_PROGRAM:
		string_list_add(a, member, absolute_program(a, s->value));
		return NULL;
	case OPT_WORD:
		TRY(parse_word(s, &word));
		*(bool *)member = word == s->row->value;
		return NULL;
	case OPT_ENUM:
		return parse_word(s, member);
	case OPT_VERBOSITY:
		return parse_verbosity(s, member);
	case OPT_EXTERNAL:
		TRY(external_check(s->value));
		string_list_add(a, member, s->value);
		return NULL;
	case OPT_PEERS:
		return add_peers(a, s, opts);
	case OPT_INHERIT:
		return add_inherited(a, s, opts);
	case OPT_ALL_CHECKS:
		opts->check_extra = opts->check_experimental = true;
		return NULL;
	case OPT_HELP:
		inv->wants_help = true;
		return NULL;
	case OPT_VERSION:
		inv->wants_version = true;
		return NULL;
	case OPT_EXEC: /* the parser looks for the words itself */
		return NULL;
	}
	return NULL;
}

static struct err *not_yet(const struct setting *s)
{
	return err_hint(err_new(ERR_UNSUPPORTED, "--%s is not supported yet", s->row->name),
			"leave it out: %s", s->row->not_yet);
}

/* A letter may mean one thing to most commands and another to one. */
static const struct option_row *row_for_command(const struct setting *s, enum command command)
{
	for (size_t i = 0; s->is_letter && i < nr_option_rows; i++)
		if (option_rows[i].letter == s->row->letter &&
		    option_rows[i].commands & (1U << command))
			return &option_rows[i];
	return s->row;
}

struct err *setting_apply(struct arena *a, const struct setting *own, struct invocation *inv)
{
	struct setting copy = *own;
	const struct setting *s = &copy;
	const struct option_row *row = copy.row = row_for_command(own, inv->opts.command);
	bool is_for_command = row->commands & (1U << inv->opts.command);
	bool is_kept = is_for_command && (row->offset || row->type >= OPT_INHERIT);
	struct options nowhere = inv->opts;
	struct err *e;

	/* A file serves all commands: what is for another one is no business of this one. */
	if (s->where && !is_for_command)
		return NULL;
	/* --no-NAME of something that cannot be done is what happens anyway. */
	if (row->not_yet && s->is_negated)
		return NULL;
	/* A value is checked also where it has no effect. */
	e = row->not_yet ? not_yet(s) : store(a, s, is_kept ? &inv->opts : &nowhere, inv);
	if (e)
		return s->where ? err_context(e, "%s", s->where) : e;

	if (!is_for_command)
		string_list_add(a, &inv->notes,
				arena_printf(a, "--%s has no effect here", row->name));
	else if (row->no_effect)
		string_list_add(a, &inv->notes,
				arena_printf(a, "--%s has no effect: %s", row->name,
					     row->no_effect));
	return NULL;
}

struct err *settings_default(struct arena *a, struct invocation *inv)
{
	for (size_t i = 0; i < nr_option_rows; i++) {
		struct setting s = { .row = &option_rows[i], .value = option_rows[i].fallback };

		/* No descriptor: a number that no user may write. */
		if (s.row->type == OPT_FD && s.row->offset)
			*(int *)((char *)&inv->opts + s.row->offset) = -1;
		if (s.value)
			TRY(store(a, &s, &inv->opts, inv));
	}
	return NULL;
}
