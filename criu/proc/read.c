// SPDX-License-Identifier: GPL-2.0-only
#include "proc/read_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/*
 * The directory of a task that has ended says ENOENT for every name in it, a file that was opened
 * before says ESRCH.  ENOENT for one name only means a kernel without that file.
 */
static int gone_or(int errnum, int dirfd)
{
	struct stat st;

	if (errnum != ENOENT)
		return errnum;
	return dirfd == AT_FDCWD || fstatat(dirfd, "stat", &st, 0) ? ESRCH : ENOENT;
}

struct err *proc_open_file(int dirfd, const char *path, int flags, int *fd_out)
{
	int fd = openat(dirfd, path, flags | O_CLOEXEC);

	if (fd < 0)
		return err_sys(gone_or(errno, dirfd), "cannot open \"%s\" of a task", path);
	*fd_out = fd;
	return NULL;
}

struct err *proc_read_small(int dirfd, const char *path, char buf[PROC_SMALL], size_t *len_out)
{
	AUTO_FD fd = -1;
	size_t len = 0;

	TRY(proc_open_file(dirfd, path, O_RDONLY, &fd));
	for (;;) {
		ssize_t n = read(fd, buf + len, PROC_SMALL - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(errno, "cannot read \"%s\" of a task", path);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == PROC_SMALL)
			return err_new(ERR_SYS,
				       "cannot read \"%s\" of a task: it is longer than %d bytes",
				       path, PROC_SMALL - 1);
	}
	buf[len] = 0;
	*len_out = len;
	return NULL;
}

struct err *proc_slurp(int dirfd, const char *path, char **own_text_out, size_t *len_out)
{
	AUTO_FD fd = -1;

	TRY(proc_open_file(dirfd, path, O_RDONLY, &fd));
	return err_context(fd_slurp(fd, own_text_out, len_out), "\"%s\" of a task", path);
}
