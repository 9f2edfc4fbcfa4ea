// SPDX-License-Identifier: GPL-2.0-only
/*
 * pidfd: a process, or what is left of one.  A process of the tree is found again by its number; for one that is dead
 * and gone another one has to die, see pidfd_dead.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/anon.h"
#include "files/pidfd_dead.h"
#include "files/restore_priv.h"

/* <linux/pidfd.h>, since Linux 6.10: flags of pidfd_open(2) that F_GETFL shows. */
#define THREAD_FLAG O_EXCL

/* <linux/pidfd.h>, PIDFD_GET_INFO since Linux 6.13; how a process ended since 6.15. */
struct info {
	uint64_t mask;
	uint64_t cgroup_id;
	uint32_t ids[11];
	int32_t exit_status;
	uint32_t later[2];
};

#define GET_INFO _IOWR(0xff, 11, struct info)
#define INFO_EXIT (1u << 3)

/* "anon_inode:[pidfd]", or "pidfd:[INODE]" of some kernels. */
static bool pidfd_matches(const struct fd_probe *p)
{
	return fd_probe_is_anon(p, "[pidfd]") ||
	       (p->fd >= 0 && !(p->flags & O_PATH) && !strncmp(p->text, "pidfd:[", 7));
}

static const struct thread *find_thread(const struct dump *d, pid_t host_tid)
{
	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		const struct task *t = d->tree.tasks[i];

		for (size_t k = 0; k < t->nr_threads; k++)
			if (t->threads[k].host_tid == host_tid)
				return &t->threads[k];
	}
	return NULL;
}

static const struct task *find_task(const struct dump *d, pid_t host_pid)
{
	for (size_t i = 0; i < d->tree.nr_tasks; i++)
		if (d->tree.tasks[i]->host_pid == host_pid)
			return d->tree.tasks[i];
	return NULL;
}

static void read_status(const struct fd_probe *p, PidfdEntry *r)
{
	struct info info = { .mask = INFO_EXIT };

	if (p->dup < 0 || ioctl(p->dup, GET_INFO, &info) || !(info.mask & INFO_EXIT))
		return;
	r->has_exit_status = true;
	r->exit_status = (uint32_t)info.exit_status;
}

static struct err *find_target(struct dump *d, const struct fd_probe *p, int64_t pid, PidfdEntry *r)
{
	const struct task *t = pid > 0 ? find_task(d, (pid_t)pid) : NULL;
	const struct thread *thread;

	if (pid < 0) {
		r->nspid = -1;
		read_status(p, r);
		return NULL;
	}
	if (t) {
		r->nspid = t->ns_pid;
		return NULL;
	}
	thread = find_thread(d, (pid_t)pid);
	if (thread)
		return err_hint(
			fd_probe_refuse(p,
					"it is of thread %d of task %d, which a restore makes "
					"too late for it",
					thread->host_tid, thread->task->host_pid),
			"close it before the dump, or open it for the process (without "
			"PIDFD_THREAD)");
	return err_hint(fd_probe_refuse(p,
					"it is of process %d, which is outside of the dumped tree",
					(int)pid),
			"close it before the dump, or dump an ancestor of both");
}

static struct err *pidfd_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	PidfdEntry *r = rec->pidfd = PB_NEW(d->arena, PidfdEntry, pidfd_entry);
	struct fdinfo info;
	int64_t pid;

	r->id = rec->id;
	/* CRIU hands them to pidfd_open(2) as they are. */
	r->flags = p->flags & (O_NONBLOCK | THREAD_FLAG);
	r->ino = (uint32_t)p->st.st_ino;
	TRY(fown_ask(d, p, &r->fown));
	TRY(fd_probe_info(d, p, &info));
	TRY(fdinfo_pid(&info, &pid));
	return find_target(d, p, pid, r);
}

static struct err *pidfd_link(struct restore *r, struct file *f)
{
	const PidfdEntry *rec = f->rec->pidfd;

	/* When everybody is born. */
	f->is_late = true;
	if (rec->nspid == -1 || (rec->nspid > 0 && tree_find(&r->tree, rec->nspid)))
		return NULL;
	return err_new(ERR_IMAGE,
		       "cannot restore %s: it is of process %d, which is not in the images",
		       file_user(r, f), rec->nspid);
}

static struct err *pidfd_make(struct worker *w, struct file *f, int *fd_out)
{
	const PidfdEntry *rec = f->rec->pidfd;
	int fd;

	if (rec->nspid == -1)
		return pidfd_of_dead(w, f, fd_out);
	fd = pidfd_open(rec->nspid, rec->flags & THREAD_FLAG);
	if (fd < 0)
		return err_sys(errno, "cannot open a pidfd of task %d", rec->nspid);
	*fd_out = fd;
	return NULL;
}

static struct err *pidfd_restore(struct worker *w, struct file *f, int *fd_out)
{
	AUTO_FD fd = -1;

	TRY(pidfd_make(w, f, &fd));
	TRY(anon_set_flags(fd, f->rec->pidfd->flags));
	*fd_out = fd_take(&fd);
	return NULL;
}

const struct file_kind file_kind_pidfd = {
	.name = "pidfd",
	.type = FD_TYPES__PIDFD,
	.member = offsetof(FileEntry, pidfd),
	.about = "pidfds of processes of the tree, and of dead ones",
	.since = "5.3; how a dead process ended: 6.15",
	.matches = pidfd_matches,
	.dump = pidfd_dump,
	.link_up = pidfd_link,
	.open = pidfd_restore,
};
