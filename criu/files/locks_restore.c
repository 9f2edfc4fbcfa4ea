// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restore of file locks.  Each process takes its own, so that the kernel notes it as the one who set them, and
 * so that POSIX locks belong to its table.  It does so in the restorer: closing any descriptor of a file drops
 * all POSIX locks of the process on it (fcntl_locking(2)), and until then the tool's own are open, that of the
 * executable among them.  A lease is broken by whoever opens the file, so all tasks have met before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/options.h"
#include "files/locks.h"
#include "files/restore_priv.h"
#include "image/dir.h"
#include "proc/pid.h"
#include "task/rst_build.h"

static bool is_known_kind(uint32_t flag)
{
	return flag == PROC_LOCK_POSIX || flag == PROC_LOCK_FLOCK || flag == PROC_LOCK_OFD ||
	       flag == PROC_LOCK_LEASE;
}

/* CRIU's further bits: LOCK_MAND of old kernels, and leases that somebody waits for. */
static struct err *check_type(struct restore *r, const struct file_lock *l)
{
	if (l->rec->type == F_RDLCK || l->rec->type == F_WRLCK)
		return NULL;
	return err_hint(
		err_new(ERR_UNSUPPORTED, "cannot restore %s: %s of type %u", file_user(r, l->file),
			l->rec->flag == PROC_LOCK_LEASE ? "a lease" : "a lock", l->rec->type),
		"dump again when no lease is being broken and nobody uses mandatory locks");
}

static struct err *check_range(const struct image_stream *s, const FileLockEntry *rec)
{
	if (rec->start >= 0 && rec->len >= 0 && rec->start <= INT64_MAX - rec->len)
		return NULL;
	return image_stream_err(s, "impossible range of a lock: start %lld, length %lld",
				(long long)rec->start, (long long)rec->len);
}

static struct err *add_lock(struct restore *r, const struct image_stream *s, FileLockEntry *rec)
{
	struct restore_files *rf = r->files->restore;
	const struct task *t = tree_find(&r->tree, rec->pid);
	const struct fd_slot *slot = t && t->fdt ? fdtable_find(t->fdt, rec->fd) : NULL;
	struct file_lock l = { .rec = rec, .task = t, .fd = rec->fd };

	if (!is_known_kind(rec->flag))
		return image_stream_err(s, "a lock of unknown kind %u", rec->flag);
	if (!slot)
		return image_stream_err(s, "a lock on fd %d of task %d, which does not exist",
					rec->fd, rec->pid);
	TRY(check_range(s, rec));
	l.table = t->fdt;
	l.file = slot->file;
	l.file->has_lease |= rec->flag == PROC_LOCK_LEASE;
	restore_error(r, check_type(r, &l));
	rf->locks = arena_grow(r->arena, rf->locks, rf->nr_locks, sizeof(*rf->locks));
	rf->locks[rf->nr_locks++] = l;
	return NULL;
}

struct err *locks_read(struct restore *r)
{
	AUTO_STREAM struct image_stream *s = NULL;
	const struct restore_files *rf = r->files->restore;
	ProtobufCMessage *msg;

	TRY(image_open(r->images, IMAGE_FILELOCKS, 0, &s));
	for (;;) {
		TRY(image_next(s, r->arena, &msg));
		if (!msg)
			break;
		TRY(add_lock(r, s, (FileLockEntry *)msg));
	}
	if (rf->nr_locks && !r->opts->file_locks)
		restore_error(r, err_hint(err_new(ERR_USAGE,
						  "cannot restore %s: the set has %zu file locks",
						  file_user(r, rf->locks[0].file), rf->nr_locks),
					  "pass --file-locks"));
	return NULL;
}

void files_restore_fill(struct worker *w, struct rst_build *b)
{
	const struct restore_files *rf = w->restore->files->restore;
	struct rst_lock *list;
	uint32_t nr = 0;
	uint64_t off;

	for (size_t i = 0; i < rf->nr_locks; i++)
		nr += rf->locks[i].task == w->task;
	off = rst_put(b, NULL, nr * sizeof(*list));
	list = rst_at(b, off);
	for (size_t i = 0; i < rf->nr_locks; i++) {
		const FileLockEntry *rec = rf->locks[i].rec;

		if (rf->locks[i].task == w->task)
			*list++ = (struct rst_lock){ .start = rec->start,
						     .len = rec->len,
						     .fd = rec->fd,
						     .kind = (uint16_t)rec->flag,
						     .type = (uint16_t)rec->type,
						     .index = (uint32_t)i };
	}
	rst_args(b)->locks_off = off;
	rst_args(b)->nr_locks = nr;
	rst_args(b)->any_locks = rf->nr_locks > 0;
}

/* --- why one could not be taken --- */

static bool is_range_kind(enum proc_lock_kind kind)
{
	return kind == PROC_LOCK_POSIX || kind == PROC_LOCK_OFD;
}

static bool is_in_the_way(const struct proc_lock *s, const FileLockEntry *rec, ino_t ino)
{
	int64_t end = rec->len ? rec->start + rec->len - 1 : INT64_MAX;

	if (s->is_waiting || s->ino != ino || s->pid == rec->pid ||
	    !(s->is_write || rec->type == F_WRLCK))
		return false;
	if (!is_range_kind((enum proc_lock_kind)rec->flag))
		return s->kind == rec->flag;
	return is_range_kind(s->kind) && s->start <= end && s->end >= rec->start;
}

static const char *process_text(struct arena *a, pid_t pid)
{
	char name[64] = "";
	AUTO_FD proc = -1;
	struct err *e;

	if (pid <= 0)
		return "another process";
	e = proc_open(pid, &proc);
	if (!e)
		e = proc_read_comm(proc, name, sizeof(name));
	if (!e)
		return arena_printf(a, "process %d (%s)", pid, name);
	err_drop(e, "its number is all there is to say");
	return arena_printf(a, "process %d", pid);
}

/* "process 77 (sleep) holds a POSIX write lock", or NULL when nobody can be found. */
static const char *holder_text(struct restore *r, const struct file_lock *l)
{
	struct proc_lock *list;
	char path[64];
	struct stat st;
	struct err *e;
	size_t nr;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", l->task->host_pid, l->fd);
	if (stat(path, &st))
		return NULL;
	e = proc_locks_read_all(r->arena, &list, &nr);
	if (e) {
		err_drop(e, "then the holder has no name");
		return NULL;
	}
	for (size_t i = 0; i < nr; i++)
		if (is_in_the_way(&list[i], l->rec, st.st_ino))
			return arena_printf(r->arena, "%s holds %s on it",
					    process_text(r->arena, list[i].pid),
					    lock_text(r->arena, list[i].kind, list[i].is_write));
	return NULL;
}

static const char *name_of(const struct file *f)
{
	return f->rec->reg ? f->rec->reg->name : file_type_name(f->rec->type);
}

struct err *files_lock_failed(struct restore *r, const struct task *t, uint64_t index, int errnum)
{
	const struct restore_files *rf = r->files->restore;
	const struct file_lock *l;
	const char *head, *holder;

	if (index >= rf->nr_locks || rf->locks[index].task != t)
		return err_sys(errnum, "cannot restore a lock of task %d", t->ns_pid);
	l = &rf->locks[index];
	head = arena_printf(r->arena, "cannot restore %s on fd %d of task %d (%s)",
			    lock_text(r->arena, (enum proc_lock_kind)l->rec->flag,
				      l->rec->type == F_WRLCK),
			    l->fd, t->ns_pid, name_of(l->file));
	if (errnum != EAGAIN && errnum != EACCES)
		return err_sys(errnum, "%s", head);
	holder = holder_text(r, l);
	if (holder)
		return err_hint(err_new(ERR_SYS, "%s: %s", head, holder),
				"let it release the lock, then restore again");
	if (l->rec->flag == PROC_LOCK_LEASE)
		return err_hint(err_new(ERR_SYS, "%s: another process has the file open", head),
				"let it close the file, then restore again");
	return err_sys(errnum, "%s", head);
}
