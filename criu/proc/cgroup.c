// SPDX-License-Identifier: GPL-2.0-only
#include "proc/cgroup.h"

#include <limits.h>
#include <string.h>

#include "proc/read_priv.h"
#include "proc/scan.h"

enum { DELETED_LEN = 10 }; /* " (deleted)" */

static char *take_text(struct arena *a, const char *from, const char *to)
{
	char *text = arena_alloc(a, (size_t)(to - from) + 1);

	memcpy(text, from, (size_t)(to - from));
	return text;
}

/* "4:cpu,cpuacct:/a/b"; a path may hold colons, a list of controllers none. */
static bool parse_line(struct scan *line, struct arena *a, struct proc_cgroup *c)
{
	const char *colon;
	uint64_t id;

	if (memchr(line->pos, 0, (size_t)(line->end - line->pos)) || !scan_u64(line, &id) ||
	    id > UINT_MAX || !scan_char(line, ':'))
		return false;
	colon = memchr(line->pos, ':', (size_t)(line->end - line->pos));
	if (!colon || colon + 1 == line->end || colon[1] != '/')
		return false;
	c->hierarchy = (unsigned int)id;
	c->controllers = take_text(a, line->pos, colon);
	line->pos = colon + 1;
	c->is_deleted = line->end - line->pos > DELETED_LEN &&
			!memcmp(line->end - DELETED_LEN, " (deleted)", DELETED_LEN);
	c->path = take_text(a, line->pos, line->end - (c->is_deleted ? DELETED_LEN : 0));
	return true;
}

struct err *proc_cgroups_parse(const char *text, size_t len, struct arena *a,
			       struct proc_cgroups *out)
{
	struct scan s = scan_init(text, len), line;
	struct proc_cgroups cgroups = { 0 };

	while (scan_line(&s, &line)) {
		struct proc_cgroup c = { 0 };

		if (!parse_line(&line, a, &c))
			return scan_error(&line, "a cgroup");
		cgroups.list = arena_grow(a, cgroups.list, cgroups.nr, sizeof(c));
		cgroups.list[cgroups.nr++] = c;
	}
	*out = cgroups;
	return NULL;
}

struct err *proc_cgroups_read(int dirfd, struct arena *a, struct proc_cgroups *out)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	TRY(proc_slurp(dirfd, "cgroup", &text, &len));
	return proc_cgroups_parse(text, len, a, out);
}

static bool list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (;; list++) {
		if (!strncmp(list, name, len) && (!list[len] || list[len] == ','))
			return true;
		list = strchr(list, ',');
		if (!list)
			return false;
	}
}

const struct proc_cgroup *proc_cgroups_find(const struct proc_cgroups *c, const char *controller)
{
	for (size_t i = 0; i < c->nr; i++) {
		bool is_v2 = !c->list[i].hierarchy;

		if (is_v2 ? !*controller :
			    *controller && list_has(c->list[i].controllers, controller))
			return &c->list[i];
	}
	return NULL;
}
