// SPDX-License-Identifier: GPL-2.0-only
#include "proc/locks.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "proc/read_priv.h"

static bool next_word(struct scan *line, struct scan *word_out)
{
	scan_blanks(line);
	return scan_word(line, word_out);
}

static enum proc_lock_kind kind_of(const struct scan *word)
{
	static const struct {
		const char *word;
		enum proc_lock_kind kind;
	} rows[] = {
		{ "POSIX", PROC_LOCK_POSIX },	   { "FLOCK", PROC_LOCK_FLOCK },
		{ "OFDLCK", PROC_LOCK_OFD },	   { "LEASE", PROC_LOCK_LEASE },
		{ "DELEG", PROC_LOCK_DELEGATION },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (scan_is(word, rows[i].word))
			return rows[i].kind;
	return PROC_LOCK_OTHER;
}

/* "1: POSIX  ADVISORY  WRITE " or "2: -> LEASE  BREAKING  READ ". */
static bool scan_head(struct scan *line, struct proc_lock *out)
{
	struct scan word;
	uint64_t number;

	if (!scan_u64(line, &number) || !scan_char(line, ':') || !next_word(line, &word))
		return false;
	out->is_waiting = scan_is(&word, "->");
	if (out->is_waiting && !next_word(line, &word))
		return false;
	out->kind = kind_of(&word);
	if (!next_word(line, &word))
		return false;
	out->is_breaking = scan_is(&word, "BREAKING");
	if (!next_word(line, &word))
		return false;
	out->is_write = scan_is(&word, "WRITE");
	return out->is_write || scan_is(&word, "READ") || scan_is(&word, "UNLCK");
}

/* "PID MAJOR:MINOR:INODE "; the device is that of the super block, not always that of stat(2). */
static bool scan_who(struct scan *line, struct proc_lock *out)
{
	uint64_t device;
	int64_t pid;

	scan_blanks(line);
	if (!scan_i64(line, &pid) || pid < INT32_MIN || pid > INT32_MAX)
		return false;
	out->pid = (pid_t)pid;
	scan_blanks(line);
	return scan_hex(line, &device) && scan_char(line, ':') && scan_hex(line, &device) &&
	       scan_char(line, ':') && scan_u64(line, &out->ino);
}

bool proc_lock_parse(struct scan *line, struct proc_lock *out)
{
	*out = (struct proc_lock){ .end = INT64_MAX };
	if (!scan_head(line, out) || !scan_who(line, out))
		return false;
	scan_blanks(line);
	if (!scan_i64(line, &out->start))
		return false;
	scan_blanks(line);
	return scan_text(line, "EOF") || scan_i64(line, &out->end);
}

struct err *proc_locks_parse(const char *text, size_t len, bool is_bare, struct arena *a,
			     struct proc_lock **out, size_t *nr_out)
{
	struct scan s = scan_init(text, len), line;
	struct proc_lock *list = NULL;
	size_t nr = 0;

	while (scan_line(&s, &line)) {
		struct proc_lock lock;

		if (!is_bare && !scan_text(&line, "lock:"))
			continue;
		scan_blanks(&line);
		if (!proc_lock_parse(&line, &lock))
			return scan_error(&line, "a file lock");
		list = arena_grow(a, list, nr, sizeof(*list));
		list[nr++] = lock;
	}
	*out = list;
	*nr_out = nr;
	return NULL;
}

static struct err *read_from(int dirfd, const char *path, bool is_bare, struct arena *a,
			     struct proc_lock **out, size_t *nr_out)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	TRY(proc_slurp(dirfd, path, &text, &len));
	return proc_locks_parse(text, len, is_bare, a, out, nr_out);
}

struct err *proc_locks_read_fd(int dirfd, int fd, struct arena *a, struct proc_lock **out,
			       size_t *nr_out)
{
	char path[32];

	snprintf(path, sizeof(path), "fdinfo/%d", fd);
	return read_from(dirfd, path, false, a, out, nr_out);
}

struct err *proc_locks_read_all(struct arena *a, struct proc_lock **out, size_t *nr_out)
{
	return read_from(AT_FDCWD, "/proc/locks", true, a, out, nr_out);
}
