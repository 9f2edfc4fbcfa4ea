// SPDX-License-Identifier: GPL-2.0-only
/* What every kind of file has: numbers in tables, and an owner to be told by signals. */
#include <errno.h>
#include <fcntl.h>

#include "files/files_priv.h"

/* <linux/fcntl.h>, since Linux 3.6; not in the C library's headers. */
#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

FownEntry *fown_none(struct dump *d)
{
	struct dump_files *df = d->files->dump;

	if (!df->no_fown)
		df->no_fown = PB_NEW(d->arena, FownEntry, fown_entry);
	return df->no_fown;
}

static struct err *failed(const struct fd_probe *p)
{
	return err_sys(errno, "cannot read the signal owner of fd %d of task %d", p->fd,
		       p->task->host_pid);
}

struct err *fown_ask(struct dump *d, const struct fd_probe *p, FownEntry **out)
{
	struct f_owner_ex owner = { 0 };
	uid_t uids[2] = { 0 };
	FownEntry *o;
	int signum;

	*out = fown_none(d);
	if (p->dup < 0 || p->flags & O_PATH)
		return NULL;
	signum = fcntl(p->dup, F_GETSIG);
	if (signum < 0 || fcntl(p->dup, F_GETOWN_EX, &owner))
		return failed(p);
	if (!signum && !owner.pid)
		return NULL;
	/* Only kernels with checkpoint/restore tell with whose rights the signal is sent. */
	if (owner.pid && fcntl(p->dup, F_GETOWNER_UIDS, uids))
		return failed(p);
	*out = o = PB_NEW(d->arena, FownEntry, fown_entry);
	o->signum = (uint32_t)signum;
	o->uid = uids[0];
	o->euid = uids[1];
	o->pid_type = owner.pid ? (uint32_t)owner.type : 0;
	o->pid = (uint32_t)owner.pid;
	return NULL;
}

const struct fd_slot *fdtable_find(const struct fdtable *table, int fd)
{
	size_t low = 0, high = table->nr_slots;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (table->slots[mid].fd < fd)
			low = mid + 1;
		else
			high = mid;
	}
	return low < table->nr_slots && table->slots[low].fd == fd ? &table->slots[low] : NULL;
}
