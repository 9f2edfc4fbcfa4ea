// SPDX-License-Identifier: GPL-2.0-only
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum {
	SLURP_FIRST = 4096,
	SLURP_MAX = 1 << 30,
};

/* One loop for the four whole-buffer calls; @pos < 0 means the descriptor's own position. */
static struct err *fd_read_loop(int fd, void *buf, size_t len, off_t pos)
{
	size_t done = 0;

	while (done < len) {
		char *to = (char *)buf + done;
		ssize_t n = pos < 0 ? read(fd, to, len - done) :
				      pread(fd, to, len - done, pos + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(errno, "cannot read %zu bytes from descriptor %d",
				       len - done, fd);
		if (n == 0)
			return err_new(ERR_IMAGE, "cannot read %zu bytes: the file ends after %zu",
				       len, done);
		done += (size_t)n;
	}
	return NULL;
}

static struct err *fd_write_loop(int fd, const void *buf, size_t len, off_t pos)
{
	size_t done = 0;

	while (done < len) {
		const char *from = (const char *)buf + done;
		ssize_t n = pos < 0 ? write(fd, from, len - done) :
				      pwrite(fd, from, len - done, pos + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(errno, "cannot write %zu bytes to descriptor %d", len - done,
				       fd);
		if (n == 0)
			return err_new(ERR_SYS,
				       "cannot write %zu bytes to descriptor %d: nothing is taken",
				       len - done, fd);
		done += (size_t)n;
	}
	return NULL;
}

struct err *fd_read_all(int fd, void *buf, size_t len)
{
	return fd_read_loop(fd, buf, len, -1);
}

struct err *fd_write_all(int fd, const void *buf, size_t len)
{
	return fd_write_loop(fd, buf, len, -1);
}

struct err *fd_pread_all(int fd, void *buf, size_t len, off_t pos)
{
	BUG_ON(pos < 0);
	return fd_read_loop(fd, buf, len, pos);
}

struct err *fd_pwrite_all(int fd, const void *buf, size_t len, off_t pos)
{
	BUG_ON(pos < 0);
	return fd_write_loop(fd, buf, len, pos);
}

struct err *fd_slurp(int fd, char **own_text_out, size_t *len_out)
{
	size_t len = 0, room = SLURP_FIRST;
	AUTO_FREE char *text = malloc(room);

	if (!text)
		return err_sys(ENOMEM, "cannot hold a file");
	for (;;) {
		ssize_t n = read(fd, text + len, room - len - 1);
		char *grown;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(errno, "cannot read descriptor %d", fd);
		if (n == 0)
			break;
		len += (size_t)n;
		if (room - len > 1)
			continue;
		if (room >= SLURP_MAX)
			return err_new(ERR_SYS, "cannot read descriptor %d: more than %d bytes", fd,
				       SLURP_MAX);
		grown = realloc(text, room * 2);
		if (!grown)
			return err_sys(ENOMEM, "cannot hold a file of more than %zu bytes", len);
		text = grown;
		room *= 2;
	}
	text[len] = 0;
	*own_text_out = PTR_TAKE(text);
	if (len_out)
		*len_out = len;
	return NULL;
}

/* Formats a path into a buffer of PATH_MAX. */
__attribute__((format(printf, 2, 0))) static struct err *path_format(char *path, const char *fmt,
								     va_list args)
{
	int len = vsnprintf(path, PATH_MAX, fmt, args);

	if (len < 0 || len >= PATH_MAX)
		return err_sys(ENAMETOOLONG, "cannot form the path \"%.64s...\"", path);
	return NULL;
}

struct err *fd_open_at(int dirfd, int flags, int *fd_out, const char *path_fmt, ...)
{
	char path[PATH_MAX] = "";
	struct err *e;
	va_list args;
	int fd;

	va_start(args, path_fmt);
	e = path_format(path, path_fmt, args);
	va_end(args);
	TRY(e);
	fd = openat(dirfd, path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(errno, "cannot open \"%s\"", path);
	*fd_out = fd;
	return NULL;
}

struct err *file_slurp_at(int dirfd, char **own_text_out, size_t *len_out, const char *path_fmt,
			  ...)
{
	char path[PATH_MAX] = "";
	AUTO_FD fd = -1;
	struct err *e;
	va_list args;

	va_start(args, path_fmt);
	e = path_format(path, path_fmt, args);
	va_end(args);
	TRY(e);
	TRY(fd_open_at(dirfd, O_RDONLY, &fd, "%s", path));
	return err_context(fd_slurp(fd, own_text_out, len_out), "\"%s\"", path);
}

struct err *link_read_at(int dirfd, char *buf, size_t len, const char *path_fmt, ...)
{
	char path[PATH_MAX] = "";
	struct err *e;
	va_list args;
	ssize_t n;

	va_start(args, path_fmt);
	e = path_format(path, path_fmt, args);
	va_end(args);
	TRY(e);
	n = readlinkat(dirfd, path, buf, len);
	if (n < 0)
		return err_sys(errno, "cannot read the link \"%s\"", path);
	if ((size_t)n >= len)
		return err_sys(ENAMETOOLONG, "cannot read the link \"%s\"", path);
	buf[n] = 0;
	return NULL;
}

struct err *fd_move_up(int *fd, int floor)
{
	int moved;

	if (*fd >= floor)
		return NULL;
	moved = fcntl(*fd, F_DUPFD_CLOEXEC, floor);
	if (moved < 0)
		return err_sys(errno, "cannot move descriptor %d to %d or above", *fd, floor);
	close(*fd);
	*fd = moved;
	return NULL;
}

void fd_limit_raise(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}
