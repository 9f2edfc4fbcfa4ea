// SPDX-License-Identifier: GPL-2.0-only
#include "proc/fdinfo.h"

#include <string.h>

#include "proc/read_priv.h"

bool fdinfo_next(const struct fdinfo *info, const char *key, const char **cursor,
		 struct scan *value_out)
{
	const char *from = *cursor ? *cursor : info->text;
	struct scan s = { .pos = from, .end = info->text + info->len }, line;

	while (scan_line(&s, &line)) {
		if (!scan_text(&line, key) || !scan_char(&line, ':'))
			continue;
		scan_blanks(&line);
		*cursor = s.pos;
		*value_out = line;
		return true;
	}
	return false;
}

bool fdinfo_find(const struct fdinfo *info, const char *key, struct scan *value_out)
{
	const char *cursor = NULL;

	return fdinfo_next(info, key, &cursor, value_out);
}

static struct err *fdinfo_number(const struct fdinfo *info, const char *key,
				 bool (*scan)(struct scan *s, uint64_t *out), uint64_t *out)
{
	struct scan value;
	uint64_t number;

	if (!fdinfo_find(info, key, &value))
		return err_new(ERR_SYS,
			       "cannot find \"%s\" in the kernel's description of a descriptor",
			       key);
	if (!scan(&value, &number))
		return scan_error(&value, key);
	scan_blanks(&value);
	if (!scan_at_end(&value))
		return scan_error(&value, key);
	*out = number;
	return NULL;
}

struct err *fdinfo_hex(const struct fdinfo *info, const char *key, uint64_t *out)
{
	return fdinfo_number(info, key, scan_hex, out);
}

struct err *fdinfo_dec(const struct fdinfo *info, const char *key, uint64_t *out)
{
	return fdinfo_number(info, key, scan_u64, out);
}

struct err *fdinfo_oct(const struct fdinfo *info, const char *key, uint64_t *out)
{
	return fdinfo_number(info, key, scan_oct, out);
}

struct err *fdinfo_parse(const char *text, size_t len, struct arena *a, struct fdinfo *out)
{
	struct fdinfo info = { .mnt_id = -1, .len = len };
	char *copy = arena_alloc(a, len + 1);
	struct scan value;
	uint64_t number;

	memcpy(copy, text, len);
	info.text = copy;
	TRY(fdinfo_dec(&info, "pos", &info.pos));
	TRY(fdinfo_oct(&info, "flags", &number));
	if (number > UINT32_MAX)
		return err_new(ERR_SYS, "cannot use the flags %#lo of a descriptor", number);
	info.flags = (uint32_t)number;
	if (fdinfo_find(&info, "mnt_id", &value) && !scan_i64(&value, &info.mnt_id))
		return scan_error(&value, "mnt_id");
	info.has_ino = fdinfo_find(&info, "ino", &value);
	if (info.has_ino)
		TRY(fdinfo_dec(&info, "ino", &info.ino));
	info.has_locks = fdinfo_find(&info, "lock", &value);
	*out = info;
	return NULL;
}

struct err *fdinfo_read(int dirfd, int fd, struct arena *a, struct fdinfo *out)
{
	AUTO_FREE char *long_text = NULL;
	char path[32], text[PROC_SMALL];
	size_t len;
	struct err *e;

	snprintf(path, sizeof(path), "fdinfo/%d", fd);
	e = proc_read_small(dirfd, path, text, &len);
	if (!e)
		return fdinfo_parse(text, len, a, out);
	if (err_code(e) == ERR_GONE || err_errno(e))
		return e;
	/* An epoll of many descriptors. */
	err_drop(e, "read again with a larger buffer");
	TRY(proc_slurp(dirfd, path, &long_text, &len));
	return fdinfo_parse(long_text, len, a, out);
}
