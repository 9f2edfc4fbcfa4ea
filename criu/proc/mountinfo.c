// SPDX-License-Identifier: GPL-2.0-only
#include "proc/mountinfo.h"

#include <limits.h>
#include <string.h>

#include "proc/read_priv.h"
#include "proc/scan.h"

/* The next word and the blank behind it. */
static bool next_word(struct scan *line, struct scan *word)
{
	if (!scan_word(line, word))
		return false;
	scan_char(line, ' ');
	return true;
}

static bool parse_octal_escape(const char *at, const char *end, char *out)
{
	unsigned int value = 0;

	if (end - at < 4 || *at != '\\')
		return false;
	for (int i = 1; i < 4; i++) {
		if (at[i] < '0' || at[i] > '7')
			return false;
		value = value * 8 + (unsigned int)(at[i] - '0');
	}
	if (value == 0 || value > 255)
		return false;
	*out = (char)value;
	return true;
}

/* Blanks, newlines, backslashes and '#' are written as \ooo. */
static const char *decode(struct arena *a, const struct scan *word)
{
	char *text = arena_alloc(a, (size_t)(word->end - word->pos) + 1);
	char *to = text;

	for (const char *from = word->pos; from < word->end;) {
		if (parse_octal_escape(from, word->end, to)) {
			from += 4;
			to++;
		} else {
			*to++ = *from++;
		}
	}
	return text;
}

static bool next_text(struct scan *line, struct arena *a, const char **out)
{
	struct scan word;

	if (!next_word(line, &word))
		return false;
	*out = decode(a, &word);
	return true;
}

static bool parse_id(struct scan *s, int *out)
{
	uint64_t value;

	if (!scan_u64(s, &value) || value > INT_MAX)
		return false;
	*out = (int)value;
	return true;
}

static bool parse_tags(struct scan *line, struct proc_mount *m)
{
	struct scan word;

	while (next_word(line, &word)) {
		if (scan_is(&word, "-"))
			return true;
		if (scan_text(&word, "shared:") && !parse_id(&word, &m->shared_id))
			return false;
		if (scan_text(&word, "master:") && !parse_id(&word, &m->master_id))
			return false;
		if (scan_text(&word, "propagate_from:") && !parse_id(&word, &m->propagate_from))
			return false;
		m->is_unbindable |= scan_is(&word, "unbindable");
	}
	return false;
}

static bool parse_line(struct scan *s, struct arena *a, struct proc_mount *m)
{
	uint64_t major, minor;

	if (memchr(s->pos, 0, (size_t)(s->end - s->pos)))
		return false;
	if (!parse_id(s, &m->mnt_id) || !scan_char(s, ' ') || !parse_id(s, &m->parent_id) ||
	    !scan_char(s, ' ') || !scan_u64(s, &major) || !scan_char(s, ':') ||
	    !scan_u64(s, &minor) || !scan_char(s, ' ') || major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	m->dev_major = (uint32_t)major;
	m->dev_minor = (uint32_t)minor;
	if (!next_text(s, a, &m->root) || !next_text(s, a, &m->mountpoint) ||
	    !next_text(s, a, &m->options) || !parse_tags(s, m) || !next_text(s, a, &m->fs_type))
		return false;
	/* A source may be empty: two blanks. */
	if (!next_text(s, a, &m->source)) {
		m->source = "";
		scan_char(s, ' ');
	}
	return next_text(s, a, &m->fs_options);
}

struct err *proc_mounts_parse(const char *text, size_t len, struct arena *a,
			      struct proc_mounts *out)
{
	struct scan s = scan_init(text, len), line;
	struct proc_mounts mounts = { 0 };

	while (scan_line(&s, &line)) {
		struct proc_mount m = { 0 };
		struct scan whole = line;

		if (!parse_line(&line, a, &m))
			return scan_error(&whole, "a line of mountinfo");
		mounts.list = arena_grow(a, mounts.list, mounts.nr, sizeof(m));
		mounts.list[mounts.nr++] = m;
	}
	*out = mounts;
	return NULL;
}

struct err *proc_mounts_read(int dirfd, struct arena *a, struct proc_mounts *out)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	TRY(proc_slurp(dirfd, "mountinfo", &text, &len));
	return proc_mounts_parse(text, len, a, out);
}

const struct proc_mount *proc_mounts_find(const struct proc_mounts *m, int mnt_id)
{
	for (size_t i = 0; i < m->nr; i++) {
		if (m->list[i].mnt_id == mnt_id)
			return &m->list[i];
	}
	return NULL;
}
