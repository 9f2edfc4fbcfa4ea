// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of the command line and the configuration files.  Nothing is executed.
 *
 *	u8 how, then HOW_WORDS:   u16 length of a configuration file, the file, words that end in NUL
 *	             HOW_PAIRS:   a command, then pairs of an option and its value, all ending in NUL
 *
 * A pair means the same on the command line and in a file.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/fd.h"
#include "cli/config.h"
#include "cli/external.h"
#include "cli/options.h"
#include "cli/parse.h"
#include "fuzz/lib/fuzz.h"

enum { MAX_WORDS = 64, HOW_ENV = 1, HOW_HOME = 2, HOW_TEXTS = 4, HOW_PAIRS = 8 };

struct words {
	char *list[MAX_WORDS + 4];
	int nr;
};

static void add_word(struct words *w, struct arena *a, const char *text)
{
	if (w->nr < MAX_WORDS)
		w->list[w->nr++] = arena_strdup(a, text);
}

/* The next word, which ends in NUL or with the input; NULL when there is none. */
static char *next_word(struct input *in, struct arena *a)
{
	const uint8_t *end = input_left(in) ? memchr(in->at, 0, input_left(in)) : NULL;
	struct input word = input_take(in, end ? (size_t)(end - in->at) : input_left(in));
	char *text = arena_alloc(a, input_left(&word) + 1);

	if (!end && !input_left(&word))
		return NULL;
	input_int(in, 1);
	memcpy(text, word.at, input_left(&word));
	return text;
}

/* "debug[N]:TEXT" writes to a descriptor of this process. */
static bool is_harmless(const uint8_t *data, size_t size)
{
	static const char *const words[] = { "debug[", "/dev/", "/proc/" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (memmem(data, size, words[i], strlen(words[i])))
			return false;
	return true;
}

/* --- one invocation --- */

static bool parse(struct arena *a, struct words *w, struct invocation *out)
{
	struct err *e;

	w->list[w->nr] = NULL;
	e = options_parse(a, w->nr, w->list, out);
	if (e)
		MUST(out->refusal_status > 0);
	fuzz_drop(e);
	if (e || out->wants_help || out->wants_version)
		return false;
	MUST(out->opts.command != CMD_NONE);
	for (size_t i = 0; i < out->notes.nr; i++)
		MUST(*out->notes.items[i]);
	return true;
}

static void try_words(struct input *in, uint8_t how, struct arena *a)
{
	const char *home = fuzz_dir();
	struct input file = input_take(in, (size_t)input_int(in, 2));
	struct words w = { .nr = 0 };
	char *path = arena_printf(a, "%s/.criu/default.conf", home);
	struct invocation inv;
	AUTO_FD dir = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	MUST(!mkdirat(dir, ".criu", 0700));
	fuzz_put(dir, ".criu/default.conf", file.at, input_left(&file), 0);
	setenv("HOME", how & HOW_HOME ? home : "", 1);
	setenv("CRIU_CONFIG_FILE", how & HOW_ENV ? path : "", 1);
	add_word(&w, a, "criu-lite");
	if (!(how & (HOW_HOME | HOW_ENV))) {
		add_word(&w, a, "--config");
		add_word(&w, a, path);
	}
	for (char *word; (word = next_word(in, a));)
		add_word(&w, a, word);
	parse(a, &w, &inv);
	fuzz_clear(dir);
}

/* --- the same by both ways --- */

static bool lists_equal(const struct string_list *x, const struct string_list *y)
{
	if (x->nr != y->nr)
		return false;
	for (size_t i = 0; i < x->nr; i++)
		if (strcmp(x->items[i], y->items[i]))
			return false;
	return true;
}

static bool inherited_equal(const struct options *x, const struct options *y)
{
	if (x->nr_inherit_fds != y->nr_inherit_fds)
		return false;
	for (size_t i = 0; i < x->nr_inherit_fds; i++)
		if (x->inherit_fds[i].fd != y->inherit_fds[i].fd ||
		    strcmp(x->inherit_fds[i].key, y->inherit_fds[i].key))
			return false;
	return true;
}

static bool texts_equal(const char *x, const char *y)
{
	return x == y || (x && y && !strcmp(x, y));
}

static bool members_equal(const struct option_row *row, const struct options *x,
			  const struct options *y)
{
	const void *one = (const char *)x + row->offset, *two = (const char *)y + row->offset;

	switch (row->type) {
	case OPT_BOOL:
	case OPT_WORD:
	case OPT_PEERS:
		return *(const bool *)one == *(const bool *)two;
	case OPT_TEXT:
	case OPT_FILE:
	case OPT_DIR:
		return texts_equal(*(const char *const *)one, *(const char *const *)two);
	case OPT_LIST:
	case OPT_FILE_LIST:
	case OPT_PROGRAM:
	case OPT_EXTERNAL:
		return lists_equal(one, two);
	case OPT_SIZE:
		return *(const uint64_t *)one == *(const uint64_t *)two;
	case OPT_INHERIT:
		return inherited_equal(x, y);
	default:
		return *(const int *)one == *(const int *)two;
	}
}

static void check_equal(const struct options *x, const struct options *y)
{
	for (size_t i = 0; i < nr_option_rows; i++) {
		const struct option_row *row = &option_rows[i];

		/* The last two are about the files themselves. */
		if (row->offset && row->offset != offsetof(struct options, configs) &&
		    row->offset != offsetof(struct options, no_default_config))
			MUST(members_equal(row, x, y));
	}
}

/* Names that are one word in a file and no option's end on the command line. */
static bool is_name(const char *name)
{
	return isalpha((unsigned char)*name) && !name[strcspn(name, "= \t\r\n#\"")];
}

static char *config_line(struct arena *a, const char *name, const char *value)
{
	char *line = arena_alloc(a, strlen(name) + 2 * strlen(value) + 8);
	size_t len = (size_t)sprintf(line, *value ? "%s = \"" : "%s", name);

	if (!*value)
		return strcat(line, "\n");
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			line[len++] = '\\';
		line[len++] = *value;
	}
	strcpy(line + len, "\"\n");
	return line;
}

static void try_pairs(struct input *in, struct arena *a)
{
	AUTO_FD dir = open(fuzz_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *path = arena_printf(a, "%s/conf", fuzz_dir());
	struct words line = { .nr = 0 }, file = { .nr = 0 };
	struct invocation one, two;
	char *text = arena_strdup(a, ""), *name, *value;
	char *command = next_word(in, a);

	setenv("HOME", "", 1);
	setenv("CRIU_CONFIG_FILE", "", 1);
	add_word(&line, a, "criu-lite");
	add_word(&file, a, "criu-lite");
	add_word(&file, a, "--config");
	add_word(&file, a, path);
	add_word(&line, a, command ? command : "dump");
	add_word(&file, a, command ? command : "dump");
	while ((name = next_word(in, a)) && (value = next_word(in, a))) {
		if (!is_name(name) || strpbrk(value, "\n\r"))
			continue;
		text = arena_printf(a, "%s%s", text, config_line(a, name, value));
		add_word(&line, a,
			 *value ? arena_printf(a, "--%s=%s", name, value) :
				  arena_printf(a, "--%s", name));
	}
	fuzz_put(dir, "conf", text, strlen(text), 0);
	if (parse(a, &line, &one) && parse(a, &file, &two))
		check_equal(&one.opts, &two.opts);
	fuzz_clear(dir);
}

/* --- the small parsers alone --- */

static void try_texts(struct input *in, struct arena *a)
{
	struct config_line *lines = NULL;
	char *text = arena_alloc(a, input_left(in) + 1);
	struct inherit_fd fd;
	size_t nr = 0;
	bool is_resource;

	memcpy(text, in->at, input_left(in));
	fuzz_drop(external_check(text));
	fuzz_drop(inherit_fd_parse(text, &fd, &is_resource));
	fuzz_drop(config_split(a, "conf", (const char *)in->at, input_left(in), &lines, &nr));
	for (size_t i = 0; i < nr; i++)
		MUST(*lines[i].name && lines[i].line > 0);
}

int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
	fuzz_quiet();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	uint8_t how = (uint8_t)input_int(&in, 1);
	struct arena *a;

	if (!is_harmless(data, size))
		return 0;
	a = arena_new();
	if (how & HOW_PAIRS)
		try_pairs(&in, a);
	else if (how & HOW_TEXTS)
		try_texts(&in, a);
	else
		try_words(&in, how, a);
	arena_free(a);
	return 0;
}
