// SPDX-License-Identifier: GPL-2.0-only
#include "files/anon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"

static const char prefix[] = "anon_inode:";

bool fd_probe_is_anon(const struct fd_probe *p, const char *name)
{
	size_t len = sizeof(prefix) - 1;

	return p->fd >= 0 && !(p->flags & O_PATH) && !strncmp(p->text, prefix, len) &&
	       !strcmp(p->text + len, name);
}

struct err *fd_probe_info(struct dump *d, const struct fd_probe *p, struct fdinfo *out)
{
	AUTO_FD proc = -1;

	TRY(fd_open_at(AT_FDCWD, O_PATH | O_DIRECTORY, &proc, "/proc/%d", p->task->host_pid));
	return err_context(fdinfo_read(proc, p->fd, d->arena, out),
			   "cannot read what fd %d of task %d is", p->fd, p->task->host_pid);
}

struct err *anon_set_flags(int fd, uint32_t flags)
{
	int wanted = (int)flags & (O_APPEND | O_NONBLOCK | O_NOATIME);
	int now = fcntl(fd, F_GETFL);

	if (now < 0 ||
	    (wanted != (now & (O_APPEND | O_NONBLOCK | O_NOATIME)) && fcntl(fd, F_SETFL, wanted)))
		return err_sys(errno, "cannot set flags %#o", wanted);
	return NULL;
}
