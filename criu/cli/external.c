// SPDX-License-Identifier: GPL-2.0-only
#include "cli/external.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

static const struct {
	const char *kind; /* what stands in front of [ */
	const char *not_yet;
} external_kinds[] = {
	{ "file", NULL },
	{ "tty", NULL },
	{ "mnt", "mount namespaces cannot be dumped or restored" },
	{ "dev", "mount namespaces cannot be dumped or restored" },
	{ "net", "network namespaces cannot be dumped or restored" },
	{ "veth", "network namespaces cannot be dumped or restored" },
	{ "macvlan", "network namespaces cannot be dumped or restored" },
	{ "netdev", "network namespaces cannot be dumped or restored" },
	{ "pid", "pid namespaces cannot be dumped or restored" },
};

/* "pipe:[INODE]": a pipe whose other end is outside of the tree; "unix[INODE]": a socket there. */
static bool is_inode(const char *text, const char *start)
{
	const char *number = text + strlen(start);

	return !strncmp(text, start, strlen(start)) && isdigit((unsigned char)*number) &&
	       !strcmp(number + strspn(number, "0123456789"), "]");
}

/* "HEX:HEX]" and nothing behind it. */
static bool is_hex_pair(const char *text)
{
	size_t first = strspn(text, "0123456789abcdefABCDEF");
	size_t second;

	if (!first || first > 16 || text[first] != ':')
		return false;
	text += first + 1;
	second = strspn(text, "0123456789abcdefABCDEF");
	return second && second <= 16 && !strcmp(text + second, "]");
}

struct err *external_check(const char *text)
{
	size_t len = strcspn(text, "[");

	if (is_inode(text, "pipe:[") || is_inode(text, "unix["))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(external_kinds); i++) {
		const char *kind = external_kinds[i].kind;

		if (strlen(kind) != len || strncmp(kind, text, len) || text[len] != '[')
			continue;
		if (external_kinds[i].not_yet)
			return err_hint(err_new(ERR_UNSUPPORTED,
						"--external %s is not supported yet", text),
					"leave it out: %s", external_kinds[i].not_yet);
		if (is_hex_pair(text + len + 1))
			return NULL;
		return err_hint(err_new(ERR_USAGE, "cannot understand --external \"%s\"", text),
				"write %s[%s], both numbers in hex", kind,
				strcmp(kind, "tty") ? "MOUNT-ID:INODE" : "RDEV:DEV");
	}
	return err_hint(
		err_new(ERR_USAGE, "cannot understand --external \"%s\"", text),
		"write file[MOUNT-ID:INODE] or tty[RDEV:DEV], numbers in hex, or pipe:[INODE] or "
		"unix[INODE]");
}

/* "PREFIX[N]:" at the beginning of @text: the number and what follows. */
static bool split_bracket(const char *text, const char *prefix, int *fd_out, const char **rest_out)
{
	size_t len = strlen(prefix);
	unsigned long fd;
	char *end;

	if (strncmp(text, prefix, len) || text[len] != '[' ||
	    !isdigit((unsigned char)text[len + 1]))
		return false;
	errno = 0;
	fd = strtoul(text + len + 1, &end, 10);
	if (errno || fd > INT_MAX || end[0] != ']' || end[1] != ':')
		return false;
	*fd_out = (int)fd;
	*rest_out = end + 2;
	return true;
}

struct err *inherit_fd_parse(const char *text, struct inherit_fd *out, bool *is_resource_out)
{
	const char *rest;
	bool is_debug;
	int fd;

	is_debug = split_bracket(text, "debug", &fd, &rest);
	if ((!is_debug && !split_bracket(text, "fd", &fd, &rest)) || !*rest)
		return err_hint(err_new(ERR_USAGE, "cannot understand --inherit-fd \"%s\"", text),
				"write fd[N]:KEY, KEY being a path without its leading slash, "
				"pipe:[INODE], socket:[INODE], file[...] or tty[...]");
	if (fcntl(fd, F_GETFD) < 0)
		return err_hint(err_sys(errno, "cannot take descriptor %d of --inherit-fd \"%s\"",
					fd, text),
				"open it before starting the tool, as a shell does with %d<FILE",
				fd);
	if (is_debug)
		TRY(err_context(fd_write_all(fd, rest, strlen(rest)), "--inherit-fd \"%s\"", text));
	*is_resource_out = !is_debug;
	/* CRIU writes paths without their slash, but deleted memfds with it. */
	if (*rest == '/' && rest[1] && strncmp(rest, "/memfd:", 7))
		rest++;
	if (!is_debug)
		*out = (struct inherit_fd){ .fd = fd, .key = rest };
	return NULL;
}
