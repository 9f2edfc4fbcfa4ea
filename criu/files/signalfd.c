// SPDX-License-Identifier: GPL-2.0-only
/* signalfd: a set of signals; those that wait are the task's and come back with it. */
#include <errno.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/anon.h"
#include "files/files_priv.h"

static bool signalfd_matches(const struct fd_probe *p)
{
	return fd_probe_is_anon(p, "[signalfd]");
}

static struct err *signalfd_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	SignalfdEntry *r = rec->sgfd = PB_NEW(d->arena, SignalfdEntry, signalfd_entry);
	struct fdinfo info;

	r->id = rec->id;
	r->flags = p->flags;
	TRY(fown_ask(d, p, &r->fown));
	TRY(fd_probe_info(d, p, &info));
	return fdinfo_hex(&info, "sigmask", &r->sigmask);
}

static struct err *signalfd_link(struct restore *r UNUSED, struct file *f UNUSED)
{
	return NULL;
}

static struct err *signalfd_open(struct worker *w UNUSED, struct file *f, int *fd_out)
{
	const SignalfdEntry *r = f->rec->sgfd;
	AUTO_FD fd = (int)syscall(SYS_signalfd4, -1, &r->sigmask, sizeof(r->sigmask), SFD_CLOEXEC);

	if (fd < 0)
		return err_sys(errno, "cannot make a signalfd");
	TRY(anon_set_flags(fd, r->flags));
	*fd_out = fd_take(&fd);
	return NULL;
}

const struct file_kind file_kind_signalfd = {
	.name = "signalfd",
	.type = FD_TYPES__SIGNALFD,
	.member = offsetof(FileEntry, sgfd),
	.about = "signalfds: the set of signals",
	.since = "3.8",
	.matches = signalfd_matches,
	.dump = signalfd_dump,
	.link_up = signalfd_link,
	.open = signalfd_open,
};
