// SPDX-License-Identifier: GPL-2.0-only
#include "cli/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"

enum { CONFIG_MAX_BYTES = 1 << 20 };

/* One line being read: [at, end) is what is left of it. */
struct cursor {
	const char *path;
	unsigned int line;
	const char *at;
	const char *end;
};

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\r'))
		c->at++;
}

/* At the end of the line or at its comment. */
static bool is_at_end(const struct cursor *c)
{
	return c->at == c->end || *c->at == '#';
}

static char *take_plain(struct cursor *c, struct arena *a, bool stops_at_equals)
{
	const char *start = c->at;
	char *word;

	while (c->at < c->end && !strchr(" \t\r", *c->at) && !(stops_at_equals && *c->at == '='))
		c->at++;
	word = arena_alloc(a, c->at - start + 1);
	memcpy(word, start, c->at - start);
	return word;
}

static struct err *take_quoted(struct cursor *c, struct arena *a, char **out)
{
	char *word = arena_alloc(a, c->end - c->at + 1);
	size_t len = 0;

	for (c->at++; c->at < c->end && *c->at != '"'; c->at++) {
		if (*c->at == '\\' && c->at + 1 < c->end && (c->at[1] == '"' || c->at[1] == '\\'))
			c->at++;
		word[len++] = *c->at;
	}
	if (c->at == c->end)
		return err_hint(err_new(ERR_USAGE, "cannot read %s:%u: the quotes are not closed",
					c->path, c->line),
				"end the value with \" on the same line");
	c->at++;
	*out = word;
	return NULL;
}

static struct err *take_line(struct cursor *c, struct arena *a, struct config_line *out)
{
	char *value = NULL;

	out->line = c->line;
	out->name = take_plain(c, a, true);
	if (out->name[0] == '-' || !out->name[0])
		return err_hint(err_new(ERR_USAGE, "cannot read %s:%u: no option name", c->path,
					c->line),
				"write the long name of an option without its dashes");
	skip_blanks(c);
	if (c->at < c->end && *c->at == '=') {
		c->at++;
		skip_blanks(c);
	}
	if (is_at_end(c))
		return NULL;
	if (*c->at == '"')
		TRY(take_quoted(c, a, &value));
	else
		value = take_plain(c, a, false);
	out->value = value;

	skip_blanks(c);
	if (!is_at_end(c))
		return err_hint(err_new(ERR_USAGE, "cannot read %s:%u: more than one value",
					c->path, c->line),
				"put a value that holds blanks in double quotes");
	return NULL;
}

struct err *config_split(struct arena *a, const char *path, const char *text, size_t len,
			 struct config_line **out, size_t *nr_out)
{
	const char *text_end = text + len;
	struct cursor c = { .path = path, .line = 1, .at = text };
	struct config_line *lines = NULL;
	size_t nr = 0;

	if (memchr(text, '\0', len))
		return err_hint(err_new(ERR_USAGE, "cannot read %s: it holds a NUL byte", path),
				"name a text file");
	for (; c.at < text_end; c.at = c.end + 1, c.line++) {
		c.end = memchr(c.at, '\n', text_end - c.at);
		if (!c.end)
			c.end = text_end;
		skip_blanks(&c);
		if (is_at_end(&c))
			continue;
		lines = arena_grow(a, lines, nr, sizeof(*lines));
		lines[nr] = (struct config_line){ .value = NULL };
		TRY(take_line(&c, a, &lines[nr]));
		nr++;
	}
	*out = lines;
	*nr_out = nr;
	return NULL;
}

struct err *config_read(struct arena *a, const char *path, struct config_line **out, size_t *nr_out,
			bool *is_missing_out)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	AUTO_FREE char *text = NULL;
	struct stat st;
	size_t len;

	*is_missing_out = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
	if (*is_missing_out) {
		*nr_out = 0;
		return NULL;
	}
	if (fd < 0)
		return err_sys(errno, "cannot open configuration file %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(errno, "cannot look at configuration file %s", path);
	if (S_ISDIR(st.st_mode) || st.st_size > CONFIG_MAX_BYTES)
		return err_hint(err_new(ERR_USAGE, "cannot read configuration file %s: it is %s",
					path,
					S_ISDIR(st.st_mode) ? "a directory" : "larger than 1 MiB"),
				"name a file with one option on each line");
	TRY(fd_slurp(fd, &text, &len));
	return config_split(a, path, text, len, out, nr_out);
}
