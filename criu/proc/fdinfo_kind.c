// SPDX-License-Identifier: GPL-2.0-only
/* Lines of /proc/PID/fdinfo/FD that only some kinds of files have. */
#include <limits.h>
#include <string.h>

#include "proc/fdinfo.h"

/* "NAME:" and a number behind any blanks. */
static bool named(struct scan *s, const char *name, bool (*scan)(struct scan *s, uint64_t *out),
		  uint64_t *out)
{
	struct scan t = *s;

	scan_blanks(&t);
	if (!scan_text(&t, name) || !scan_char(&t, ':'))
		return false;
	scan_blanks(&t);
	if (!scan(&t, out))
		return false;
	*s = t;
	return true;
}

struct err *fdinfo_epoll_next(const struct fdinfo *info, const char **cursor,
			      struct fdinfo_epoll *out, bool *has_out)
{
	struct fdinfo_epoll e = { 0 };
	uint64_t fd, events, dev;
	struct scan line;

	*has_out = fdinfo_next(info, "tfd", cursor, &line);
	if (!*has_out)
		return NULL;
	if (!scan_u64(&line, &fd) || !named(&line, "events", scan_hex, &events) ||
	    !named(&line, "data", scan_hex, &e.data) || !named(&line, "pos", scan_u64, &e.pos) ||
	    !named(&line, "ino", scan_hex, &e.ino) || !named(&line, "sdev", scan_hex, &dev) ||
	    fd > INT_MAX || events > UINT32_MAX || dev > UINT32_MAX)
		return scan_error(&line, "what an epoll watches");
	e.fd = (uint32_t)fd;
	e.events = (uint32_t)events;
	e.dev = (uint32_t)dev;
	*out = e;
	return NULL;
}

/* "(SECONDS, NANOSECONDS)" */
static struct err *pair(const struct fdinfo *info, const char *key, uint64_t *sec, uint64_t *nsec)
{
	struct scan s;

	if (!fdinfo_find(info, key, &s))
		return err_new(ERR_SYS, "cannot find \"%s\" in the kernel's description of a timer",
			       key);
	if (!scan_char(&s, '(') || !scan_u64(&s, sec) || !scan_text(&s, ", ") ||
	    !scan_u64(&s, nsec) || !scan_char(&s, ')') || !scan_at_end(&s) || *nsec > 999999999)
		return scan_error(&s, key);
	return NULL;
}

struct err *fdinfo_timer(const struct fdinfo *info, struct fdinfo_timer *out)
{
	struct fdinfo_timer t;
	uint64_t clockid, flags;

	TRY(fdinfo_dec(info, "clockid", &clockid));
	TRY(fdinfo_dec(info, "ticks", &t.ticks));
	TRY(fdinfo_oct(info, "settime flags", &flags));
	TRY(pair(info, "it_value", &t.value_sec, &t.value_nsec));
	TRY(pair(info, "it_interval", &t.interval_sec, &t.interval_nsec));
	if (clockid > INT_MAX || flags > UINT32_MAX)
		return err_new(ERR_SYS, "cannot use clock %llu and flags %#llo of a timer",
			       (unsigned long long)clockid, (unsigned long long)flags);
	t.clockid = (uint32_t)clockid;
	t.settime_flags = (uint32_t)flags;
	*out = t;
	return NULL;
}

struct err *fdinfo_pid(const struct fdinfo *info, int64_t *out)
{
	struct scan s;
	int64_t pid;

	if (!fdinfo_find(info, "Pid", &s))
		return err_new(ERR_SYS,
			       "cannot find \"Pid\" in the kernel's description of a pidfd");
	if (!scan_i64(&s, &pid) || !scan_at_end(&s) || pid < -1 || pid > INT_MAX)
		return scan_error(&s, "Pid");
	*out = pid;
	return NULL;
}

static bool hex_digit(struct scan *s, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = s->pos < s->end ? memchr(digits, *s->pos, 16) : NULL;

	if (!at)
		return false;
	s->pos++;
	*out = (uint8_t)(at - digits);
	return true;
}

/* " fhandle-bytes:8 fhandle-type:1 f_handle:HEX", or nothing. */
static bool handle(struct scan *s, struct fdinfo_inode *i)
{
	uint64_t len, type;
	uint8_t high, low;

	scan_blanks(s);
	if (scan_at_end(s))
		return true;
	if (!named(s, "fhandle-bytes", scan_hex, &len) || len > FDINFO_MAX_HANDLE ||
	    !named(s, "fhandle-type", scan_hex, &type) || type > UINT32_MAX)
		return false;
	scan_blanks(s);
	if (!scan_text(s, "f_handle:"))
		return false;
	for (uint64_t k = 0; k < len; k++) {
		if (!hex_digit(s, &high) || !hex_digit(s, &low))
			return false;
		i->handle[k] = (uint8_t)(high << 4 | low);
	}
	i->handle_len = (uint32_t)len;
	i->handle_type = (uint32_t)type;
	scan_blanks(s);
	return scan_at_end(s);
}

struct err *fdinfo_inotify_next(const struct fdinfo *info, const char **cursor,
				struct fdinfo_inotify *out, bool *has_out)
{
	struct fdinfo_inotify w = { 0 };
	uint64_t wd, dev, mask, ignored;
	struct scan line;

	*has_out = fdinfo_next(info, "inotify wd", cursor, &line);
	if (!*has_out)
		return NULL;
	if (!scan_hex(&line, &wd) || !named(&line, "ino", scan_hex, &w.inode.ino) ||
	    !named(&line, "sdev", scan_hex, &dev) || !named(&line, "mask", scan_hex, &mask) ||
	    !named(&line, "ignored_mask", scan_hex, &ignored) || !handle(&line, &w.inode) || !wd ||
	    wd > INT_MAX || dev > UINT32_MAX || mask > UINT32_MAX || ignored > UINT32_MAX)
		return scan_error(&line, "a watch of inotify");
	w.wd = (uint32_t)wd;
	w.mask = (uint32_t)mask;
	w.ignored_mask = (uint32_t)ignored;
	w.inode.dev = (uint32_t)dev;
	*out = w;
	return NULL;
}

struct err *fdinfo_fanotify(const struct fdinfo *info, uint32_t *flags_out,
			    uint32_t *event_flags_out)
{
	uint64_t flags, event_flags;
	struct scan line;

	if (!fdinfo_find(info, "fanotify flags", &line))
		return err_new(ERR_SYS,
			       "cannot find \"fanotify flags\" in the kernel's description");
	if (!scan_hex(&line, &flags) || !named(&line, "event-flags", scan_hex, &event_flags) ||
	    !scan_at_end(&line) || flags > UINT32_MAX || event_flags > UINT32_MAX)
		return scan_error(&line, "flags of fanotify");
	*flags_out = (uint32_t)flags;
	*event_flags_out = (uint32_t)event_flags;
	return NULL;
}

/* The number behind the key, and what one kind of mark has more. */
static bool marked(struct scan *line, enum fanotify_on on, struct fdinfo_mark *m)
{
	uint64_t number, dev = 0;

	if (!scan_hex(line, &number))
		return false;
	if (on == FANOTIFY_INODE && !named(line, "sdev", scan_hex, &dev))
		return false;
	if (on == FANOTIFY_INODE)
		m->inode.ino = number;
	else if (number > UINT32_MAX)
		return false;
	else if (on == FANOTIFY_MOUNT)
		m->mnt_id = (uint32_t)number;
	else
		dev = number;
	m->inode.dev = (uint32_t)dev;
	return dev <= UINT32_MAX;
}

struct err *fdinfo_mark_next(const struct fdinfo *info, enum fanotify_on on, const char **cursor,
			     struct fdinfo_mark *out, bool *has_out)
{
	static const char *const keys[FANOTIFY_NR_ON] = {
		[FANOTIFY_INODE] = "fanotify ino",
		[FANOTIFY_MOUNT] = "fanotify mnt_id",
		[FANOTIFY_FILESYSTEM] = "fanotify sdev",
	};
	struct fdinfo_mark m = { 0 };
	uint64_t flags, mask, ignored;
	struct scan line;

	*has_out = fdinfo_next(info, keys[on], cursor, &line);
	if (!*has_out)
		return NULL;
	if (!marked(&line, on, &m) || !named(&line, "mflags", scan_hex, &flags) ||
	    !named(&line, "mask", scan_hex, &mask) ||
	    !named(&line, "ignored_mask", scan_hex, &ignored) || !handle(&line, &m.inode) ||
	    flags > UINT32_MAX || mask > UINT32_MAX || ignored > UINT32_MAX)
		return scan_error(&line, "a mark of fanotify");
	m.mark_flags = (uint32_t)flags;
	m.mask = (uint32_t)mask;
	m.ignored_mask = (uint32_t)ignored;
	*out = m;
	return NULL;
}
