// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dump of file locks.  fdinfo shows a lock in every task that has its description (a POSIX lock: that has its
 * table, too), so each is noted where it is seen first.  No file is opened for this: that could break a lease.
 */
#include "files/locks.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/options.h"
#include "image/dir.h"

/* Of network and cluster file systems; <linux/magic.h> lacks the second one (fs/gfs2). */
static const unsigned long remote_magics[] = {
	NFS_SUPER_MAGIC,  0x01161970,	   SMB_SUPER_MAGIC, CIFS_SUPER_MAGIC,  SMB2_SUPER_MAGIC,
	CEPH_SUPER_MAGIC, AFS_SUPER_MAGIC, V9FS_MAGIC,	    OCFS2_SUPER_MAGIC, CODA_SUPER_MAGIC,
};

const char *lock_text(struct arena *a, enum proc_lock_kind kind, bool is_write)
{
	const char *mode = is_write ? "write" : "read";

	switch (kind) {
	case PROC_LOCK_POSIX:
		return arena_printf(a, "a POSIX %s lock", mode);
	case PROC_LOCK_FLOCK:
		return arena_printf(a, "a flock(2) %s lock", mode);
	case PROC_LOCK_OFD:
		return arena_printf(a, "an open-file-description %s lock", mode);
	case PROC_LOCK_LEASE:
		return arena_printf(a, "a %s lease", mode);
	case PROC_LOCK_DELEGATION:
		return arena_printf(a, "a %s delegation", mode);
	default:
		return "a lock of unknown kind";
	}
}

struct err *lock_refuse(const struct file_lock *l, const char *why)
{
	struct fd_probe p = *l->file->probe;

	p.task = l->table->task;
	p.fd = l->fd;
	return fd_probe_refuse(&p, "%s", why);
}

struct err *locks_note(struct dump *d, int proc_dir, const struct fdtable *table,
		       const struct fd_probe *p, uint32_t id)
{
	struct dump_files *df = d->files->dump;
	struct file *f = d->files->list[id - 1];
	const struct fdtable *before = f->locked_in;
	struct proc_lock *list;
	size_t nr;

	/* A duplicate shows the same. */
	if (before == table)
		return NULL;
	TRY(proc_locks_read_fd(proc_dir, p->fd, d->arena, &list, &nr));
	for (size_t i = 0; i < nr; i++) {
		if (before && list[i].kind != PROC_LOCK_POSIX)
			continue;
		df->locks = arena_grow(d->arena, df->locks, df->nr_locks, sizeof(*df->locks));
		df->locks[df->nr_locks++] = (struct file_lock){
			.seen = list[i], .file = f, .table = table, .fd = p->fd
		};
	}
	f->locked_in = table;
	return NULL;
}

struct err *lease_check_reading(const struct fd_probe *p)
{
	if (!p->has_write_lease)
		return NULL;
	return err_hint(fd_probe_refuse(p, "the file has no name, and reading it would break the "
					   "lease on it"),
			"let the program give up the lease (F_SETLEASE, F_UNLCK) before the dump");
}

bool locks_forbid_opening(const struct dump *d, const struct stat *st)
{
	const struct dump_files *df = d->files->dump;

	for (size_t i = 0; i < df->nr_locks; i++) {
		const struct fd_probe *p = df->locks[i].file->probe;

		if (p->has_write_lease && p->st.st_dev == st->st_dev && p->st.st_ino == st->st_ino)
			return true;
	}
	return false;
}

static bool is_remote(unsigned long magic)
{
	for (size_t i = 0; i < ARRAY_SIZE(remote_magics); i++)
		if (remote_magics[i] == magic)
			return true;
	return false;
}

/* Another machine may get it as soon as the tree is gone, and this one's kernel does not know. */
static struct err *check_file_system(const struct file_lock *l)
{
	struct statfs sfs;
	AUTO_FD fd = -1;
	struct fd_probe p = *l->file->probe;

	p.task = l->table->task;
	p.fd = l->fd;
	TRY(fd_probe_getfd(&p, &fd));
	if (fstatfs(fd, &sfs) || !is_remote((unsigned long)sfs.f_type))
		return NULL;
	return err_hint(lock_refuse(l, "a file of a network file system is locked through it"),
			"let the program release the lock before the dump");
}

/* What the image or a restore has no way for. */
static struct err *check_kind(struct dump *d, const struct file_lock *l)
{
	const struct proc_lock *s = &l->seen;

	if (s->kind >= PROC_LOCK_DELEGATION)
		return err_hint(
			lock_refuse(l, arena_printf(d->arena, "%s cannot be restored",
						    lock_text(d->arena, s->kind, s->is_write))),
			"let the program give it up before the dump");
	if (s->kind == PROC_LOCK_LEASE && s->is_breaking)
		return err_hint(lock_refuse(l, "its lease is being broken: somebody waits to open "
					       "the file"),
				"dump again when the program has answered the signal, or after "
				"/proc/sys/fs/lease-break-time seconds");
	return NULL;
}

static struct err *check_one(struct dump *d, const struct file_lock *l)
{
	if (!d->opts->file_locks)
		return err_hint(lock_refuse(l, arena_printf(d->arena, "%s is held through it",
							    lock_text(d->arena, l->seen.kind,
								      l->seen.is_write))),
				"pass --file-locks to dump and restore locks, or let the program "
				"release it before the dump");
	TRY(check_kind(d, l));
	return check_file_system(l);
}

static const struct fd_slot *slot_with(const struct fdtable *table, const struct file *f)
{
	for (size_t i = 0; i < table->nr_slots; i++)
		if (table->slots[i].id == f->id)
			return &table->slots[i];
	return NULL;
}

/*
 * The lock tells who has set it (l_pid of F_GETLK); that one will set it again, if it is of the tree and still
 * has the file.
 */
static void choose_task(const struct dump *d, struct file_lock *l)
{
	const struct fd_slot *slot = NULL;

	l->task = l->table->task;
	for (size_t i = 0; i < d->tree.nr_tasks; i++) {
		const struct task *t = d->tree.tasks[i];

		if (t->host_pid != l->seen.pid || !t->fdt ||
		    (l->seen.kind == PROC_LOCK_POSIX && t->fdt != l->table))
			continue;
		slot = slot_with(t->fdt, l->file);
		if (!slot)
			continue;
		l->task = t;
		l->fd = slot->fd;
		return;
	}
}

struct err *locks_check(struct dump *d)
{
	struct dump_files *df = d->files->dump;
	const struct file *refused = NULL;
	bool is_refused = false;

	for (size_t i = 0; i < df->nr_locks; i++) {
		struct file_lock *l = &df->locks[i];
		struct err *e;

		choose_task(d, l);
		/* A database has hundreds of locks on one file. */
		if (l->file == refused)
			continue;
		e = check_one(d, l);
		if (e)
			refused = l->file;
		is_refused |= e != NULL;
		TRY(files_blocker(d, e));
	}
	return is_refused || !df->nr_locks ? NULL : locks_check_outside(d);
}

static FileLockEntry *record(struct dump *d, const struct file_lock *l)
{
	FileLockEntry *rec = PB_NEW(d->arena, FileLockEntry, file_lock_entry);
	const struct proc_lock *s = &l->seen;

	rec->flag = s->kind;
	rec->type = s->is_write ? F_WRLCK : F_RDLCK;
	rec->pid = l->task->ns_pid;
	rec->fd = l->fd;
	rec->start = s->start;
	rec->len = s->end == INT64_MAX ? 0 : s->end - s->start + 1;
	return rec;
}

struct err *locks_write(struct dump *d)
{
	const struct dump_files *df = d->files->dump;

	for (size_t i = 0; i < df->nr_locks; i++)
		TRY(image_write(d->images, IMAGE_FILELOCKS, 0, &record(d, &df->locks[i])->base));
	return NULL;
}
