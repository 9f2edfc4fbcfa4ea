// SPDX-License-Identifier: GPL-2.0-only
/* eventfd: a 64-bit counter in the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/anon.h"
#include "files/files_priv.h"

static bool eventfd_matches(const struct fd_probe *p)
{
	return fd_probe_is_anon(p, "[eventfd]");
}

/*
 * Kernels before 6.5 do not tell; then reading one does, and what was taken is put back at once.  The tasks are
 * stopped, and whoever is woken by it finds the counter as it was.
 */
static struct err *try_semaphore(const struct fd_probe *p, uint64_t counter, bool *out)
{
	uint64_t added = counter < 2 ? 2 - counter : 0, got = 0, back;

	if (p->dup < 0)
		return err_new(ERR_BUG, "no duplicate of an eventfd");
	if (added && write(p->dup, &added, sizeof(added)) != sizeof(added))
		return err_sys(errno, "cannot add to the eventfd");
	if (read(p->dup, &got, sizeof(got)) != sizeof(got))
		return err_sys(errno, "cannot read the eventfd");
	*out = got == 1;
	/* A semaphore gave one; taking back what was added leaves one less for each. */
	if (*out && added == 2)
		return read(p->dup, &got, sizeof(got)) == sizeof(got) ?
			       NULL :
			       err_sys(errno, "cannot read the eventfd");
	back = *out ? 1 - added : counter;
	if (back && write(p->dup, &back, sizeof(back)) != sizeof(back))
		return err_sys(errno, "cannot put %llu back into the eventfd",
			       (unsigned long long)back);
	return NULL;
}

static struct err *is_semaphore(const struct fd_probe *p, const struct fdinfo *info,
				uint64_t counter, bool *out)
{
	uint64_t yes;
	struct scan value;

	if (!fdinfo_find(info, "eventfd-semaphore", &value))
		return err_context(try_semaphore(p, counter, out), "fd %d of task %d", p->fd,
				   p->task->host_pid);
	TRY(fdinfo_dec(info, "eventfd-semaphore", &yes));
	*out = yes;
	return NULL;
}

static struct err *eventfd_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	EventfdFileEntry *r = rec->efd = PB_NEW(d->arena, EventfdFileEntry, eventfd_file_entry);
	struct fdinfo info;
	bool semaphore = false;

	r->id = rec->id;
	r->flags = p->flags;
	TRY(fd_probe_info(d, p, &info));
	TRY(fdinfo_hex(&info, "eventfd-count", &r->counter));
	if (r->counter == UINT64_MAX)
		return err_hint(fd_probe_refuse(p, "its counter has overflowed, which only the "
						   "kernel can make happen"),
				"let the program read it before the dump");
	TRY(is_semaphore(p, &info, r->counter, &semaphore));
	r->has_semaphore = r->semaphore = semaphore;
	return fown_ask(d, p, &r->fown);
}

static struct err *eventfd_link(struct restore *r UNUSED, struct file *f)
{
	if (f->rec->efd->counter == UINT64_MAX)
		return err_new(ERR_IMAGE, "files.img: eventfd %u has an impossible counter", f->id);
	return NULL;
}

static struct err *eventfd_open(struct worker *w UNUSED, struct file *f, int *fd_out)
{
	const EventfdFileEntry *r = f->rec->efd;
	AUTO_FD fd = eventfd(0, EFD_CLOEXEC | (r->semaphore ? EFD_SEMAPHORE : 0));

	if (fd < 0)
		return err_sys(errno, "cannot make an eventfd");
	/* The call that makes it takes 32 bits only. */
	if (r->counter && write(fd, &r->counter, sizeof(r->counter)) != sizeof(r->counter))
		return err_sys(errno, "cannot set an eventfd to %llu",
			       (unsigned long long)r->counter);
	TRY(anon_set_flags(fd, r->flags));
	*fd_out = fd_take(&fd);
	return NULL;
}

const struct file_kind file_kind_eventfd = {
	.name = "eventfd",
	.type = FD_TYPES__EVENTFD,
	.member = offsetof(FileEntry, efd),
	.about = "eventfds: counter and semaphore mode",
	.since = "3.8; before 6.5 the semaphore mode is found by reading",
	.matches = eventfd_matches,
	.dump = eventfd_dump,
	.link_up = eventfd_link,
	.open = eventfd_open,
};
