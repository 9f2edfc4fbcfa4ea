// SPDX-License-Identifier: GPL-2.0-only
/* Lines of /proc/PID/fdinfo/FD that only some kinds of files have. */
#include <limits.h>

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
