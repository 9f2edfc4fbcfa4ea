// SPDX-License-Identifier: GPL-2.0-only
/* What every kind of file has: an owner to be told by signals. */
#include <errno.h>
#include <fcntl.h>

#include "files/files_priv.h"

/* <linux/fcntl.h>, since Linux 3.6; not in the C library's headers. */
#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

FownEntry *fown_none(struct arena *a)
{
	return PB_NEW(a, FownEntry, fown_entry);
}

struct err *fown_dump(struct dump *d, const struct fd_probe *p, int fd, FownEntry **out)
{
	FownEntry *o = fown_none(d->arena);
	struct f_owner_ex owner = { 0 };
	uid_t uids[2] = { 0 };
	int signum;

	if (p->flags & O_PATH) {
		*out = o;
		return NULL;
	}
	signum = fcntl(fd, F_GETSIG);
	if (signum < 0 || fcntl(fd, F_GETOWN_EX, &owner))
		return err_sys(errno, "cannot read the signal owner of fd %d of task %d", p->fd,
			       p->task->host_pid);
	o->signum = (uint32_t)signum;
	if (owner.pid) {
		/* Only kernels with checkpoint/restore tell with whose rights the signal is sent. */
		if (fcntl(fd, F_GETOWNER_UIDS, uids))
			return err_sys(errno, "cannot read the signal owner's ids of fd %d of task %d",
				       p->fd, p->task->host_pid);
		o->uid = uids[0];
		o->euid = uids[1];
		o->pid_type = (uint32_t)owner.type;
		o->pid = (uint32_t)owner.pid;
	}
	*out = o;
	return NULL;
}

struct err *fown_ask(struct dump *d, const struct fd_probe *p, FownEntry **out)
{
	AUTO_FD fd = -1;

	if (p->fd < 0 || p->flags & O_PATH) {
		*out = fown_none(d->arena);
		return NULL;
	}
	TRY(fd_probe_getfd(p, &fd));
	return fown_dump(d, p, fd, out);
}
