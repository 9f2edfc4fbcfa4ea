// SPDX-License-Identifier: GPL-2.0-only
#include "mem/uffd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Debian 12's headers lack them. */
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#define FEATURE_WP_ASYNC (1ull << 15)

static struct err *take_fd(pid_t pid, int remote_fd, int *fd_out)
{
	AUTO_FD pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int fd;

	if (pidfd < 0)
		return err_sys(errno, "cannot hold task %d", pid);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, remote_fd, 0);
	if (fd < 0)
		return err_sys(errno, "cannot take the userfaultfd of task %d", pid);
	*fd_out = fd;
	return NULL;
}

static struct err *enable(int fd, pid_t pid)
{
	struct uffdio_api api = { .api = UFFD_API, .features = FEATURE_WP_ASYNC };

	if (ioctl(fd, UFFDIO_API, &api))
		return err_sys(errno, "cannot make the userfaultfd of task %d watch for writes",
			       pid);
	return NULL;
}

/* Nothing is ever handled by us, so the mode that unprivileged tasks may have is enough. */
struct err *uffd_create(struct remote *leader, int *fd_out)
{
	uint64_t arg[6] = { O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY };
	AUTO_FD fd = -1;
	int64_t ret, closed;
	struct err *e;

	TRY(remote_syscall(leader, SYS_userfaultfd, arg, &ret));
	if (ret < 0)
		return err_sys((int)-ret, "task %d cannot make a userfaultfd", leader->pid);
	e = take_fd(leader->pid, (int)ret, &fd);
	arg[0] = (uint64_t)ret;
	e = err_join(e, remote_syscall(leader, SYS_close, arg, &closed));
	if (!e)
		e = enable(fd, leader->pid);
	if (!e)
		*fd_out = fd_take(&fd);
	return e;
}

bool uffd_is_alive(int uffd)
{
	/* The last page of the address space is never watched, so there is nothing that this could change. */
	struct uffdio_writeprotect wp = { .range = { .start = 0x7fffffffe000, .len = 4096 } };

	return !ioctl(uffd, UFFDIO_WRITEPROTECT, &wp) || errno != ESRCH;
}

bool uffd_register(int uffd, uint64_t start, uint64_t end)
{
	struct uffdio_register reg = { .range = { .start = start, .len = end - start },
				       .mode = UFFDIO_REGISTER_MODE_WP };

	return !ioctl(uffd, UFFDIO_REGISTER, &reg);
}

bool uffd_unprotect(int uffd, uint64_t start, uint64_t end)
{
	struct uffdio_writeprotect wp = { .range = { .start = start, .len = end - start } };

	return !ioctl(uffd, UFFDIO_WRITEPROTECT, &wp);
}
