// SPDX-License-Identifier: GPL-2.0-only
#include "flow/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

enum { PID_TEXT_BYTES = 16 };

static struct err *pidfile_in_the_way(const char *path)
{
	return err_hint(err_new(ERR_USAGE, "cannot make pid file \"%s\": it exists already", path),
			"remove it when no program needs it any more, or name another one");
}

struct err *pidfile_check(const struct options *opts)
{
	struct stat st;

	if (!opts->pidfile || lstat(opts->pidfile, &st) < 0)
		return NULL;
	return pidfile_in_the_way(opts->pidfile);
}

struct err *pidfile_write(const struct options *opts, pid_t host_pid)
{
	char text[PID_TEXT_BYTES];
	AUTO_FD fd = -1;
	struct err *e;

	if (!opts->pidfile)
		return NULL;
	fd = open(opts->pidfile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return pidfile_in_the_way(opts->pidfile);
	if (fd < 0)
		return err_sys(errno, "cannot make pid file \"%s\"", opts->pidfile);

	snprintf(text, sizeof(text), "%jd", (intmax_t)host_pid);
	e = fd_write_all(fd, text, strlen(text));
	if (e)
		unlink(opts->pidfile);
	return err_context(e, "pid file \"%s\"", opts->pidfile);
}

void pidfile_remove(const struct options *opts, pid_t host_pid)
{
	char wanted[PID_TEXT_BYTES], found[PID_TEXT_BYTES] = "";
	AUTO_FD fd = -1;

	if (!opts->pidfile)
		return;
	fd = open(opts->pidfile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || read(fd, found, sizeof(found) - 1) < 0)
		return;
	snprintf(wanted, sizeof(wanted), "%jd", (intmax_t)host_pid);
	if (!strcmp(found, wanted))
		unlink(opts->pidfile);
}

struct err *status_ready(const struct options *opts)
{
	struct err *e;

	if (opts->status_fd < 0)
		return NULL;
	e = fd_write_all(opts->status_fd, "", 1);
	close(opts->status_fd);
	return err_context(e, "cannot tell --status-fd %d that the tool is ready", opts->status_fd);
}
