// SPDX-License-Identifier: GPL-2.0-only
/* Restore, the coordinator's part: what exists before the first worker and what is put right after the last. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/options.h"
#include "files/sk_restore.h"
#include "image/dir.h"

ProtobufCMessage *file_record(const struct file_kind *kind, const FileEntry *rec)
{
	ProtobufCMessage *msg;

	memcpy(&msg, (const char *)rec + kind->member, sizeof(msg));
	return msg;
}

const struct fd_slot *file_slot(const struct file *f)
{
	const struct fd_slot *slot = f->user ? fdtable_find(f->user->fdt, f->user_fd) : NULL;

	return slot && slot->file == f ? slot : NULL;
}

struct err *restore_in_queue(struct restore *r, const struct file *f)
{
	return err_new(ERR_UNSUPPORTED,
		       "cannot restore %s: a file of type %s that watches others is in a queue",
		       file_user(r, f), file_type_name(f->rec->type));
}

/*
 * Where the record has a field that nearly all kinds have under this name, and no other type; NULL if it has not.  A
 * fifo has it in the record of its path.
 */
static const void *common_field(const struct files *fs, const struct file *f, const char *name)
{
	const ProtobufCFieldDescriptor *field;
	const ProtobufCMessage *msg;

	if (f->rec->type == FD_TYPES__FIFO)
		f = f->rec->fifo->has_regf_id ? file_by_id(fs, f->rec->fifo->regf_id) : NULL;
	msg = f && f->kind ? file_record(f->kind, f->rec) : NULL;
	field = msg ? protobuf_c_message_descriptor_get_field_by_name(msg->descriptor, name) : NULL;
	return field ? (const char *)msg + field->offset : NULL;
}

const FownEntry *file_fown(const struct files *fs, const struct file *f)
{
	const FownEntry *const *fown = common_field(fs, f, "fown");

	return fown ? *fown : NULL;
}

uint32_t file_flags(const struct files *fs, const struct file *f)
{
	const uint32_t *flags = common_field(fs, f, "flags");

	return flags ? *flags : 0;
}

static struct err *keep_inherited(struct restore *r)
{
	struct restore_files *rf = r->files->restore;

	for (size_t i = 0; i < rf->nr_inherited; i++) {
		struct inherited_fd *in = &rf->inherited[i];

		in->kept_fd = fcntl(in->fd, F_DUPFD_CLOEXEC, files_fd_floor(r));
		if (in->kept_fd < 0)
			return err_hint(err_sys(errno, "cannot use fd %d for %s", in->fd, in->key),
					"check that --inherit-fd names a descriptor that is open");
	}
	return NULL;
}

struct err *files_prepare(struct restore *r)
{
	r->files->restore->coordinator = getpid();
	TRY(keep_inherited(r));
	TRY(ttys_make(r));
	TRY(remaps_make(r));
	return unix_names_make(r);
}

/* The kernel notes whose rights count when the owner was set, so it is set with those. */
static struct err *set_owner(const struct restore *r, const FownEntry *o, int fd)
{
	const struct task *t = tree_find(&r->tree, (pid_t)o->pid);
	struct f_owner_ex owner = { .type = (int)o->pid_type, .pid = (pid_t)o->pid };
	int failed;

	if (t && t->host_pid && o->pid_type == F_OWNER_PID)
		owner.pid = t->host_pid;
	if (setresuid(o->uid, o->euid, (uid_t)-1))
		return err_sys(errno, "cannot become user %u to set a signal owner", o->uid);
	failed = fcntl(fd, F_SETOWN_EX, &owner) ? errno : 0;
	if (setresuid(0, 0, (uid_t)-1))
		return err_sys(errno, "cannot become root again");
	return failed ? err_sys(failed, "cannot set signal owner %u", o->pid) : NULL;
}

static struct err *restore_owner(const struct restore *r, const struct file *f, const FownEntry *o)
{
	AUTO_FD pidfd = pidfd_open(f->owner->task->host_pid, 0);
	AUTO_FD fd = pidfd < 0 ? -1 : pidfd_getfd(pidfd, f->owner_fd, 0);

	if (fd < 0)
		return err_sys(errno, "cannot take it out of the task");
	if (o->signum && fcntl(fd, F_SETSIG, o->signum))
		return err_sys(errno, "cannot set signal %u", o->signum);
	/* The one who sets a lease becomes the owner by that (lease_setup() of fs/locks.c). */
	if (o->pid || f->has_lease)
		TRY(set_owner(r, o, fd));
	return NULL;
}

struct err *files_restore_finish(struct restore *r)
{
	const struct files *fs = r->files;

	for (size_t i = 0; i < fs->nr; i++) {
		const struct file *f = fs->list[i];
		const FownEntry *o = f->owner && f->owner_fd >= 0 ? file_fown(fs, f) : NULL;

		if (o && (o->pid || o->signum || f->has_lease))
			TRY(err_context(restore_owner(r, f, o), "fd %d of task %d", f->owner_fd,
					f->owner->task->ns_pid));
	}
	/* The tree is complete; a side of a terminal that a task closes is to be closed then. */
	ptys_drop(r->files->restore);
	return NULL;
}

static void drop(struct restore *r, bool is_commit)
{
	struct restore_files *rf = r->files ? r->files->restore : NULL;

	if (!rf)
		return;
	remaps_drop(r, is_commit);
	unix_names_drop(r, is_commit);
	ptys_drop(rf);
	for (size_t i = 0; i < rf->nr_inherited; i++)
		if (rf->inherited[i].kept_fd >= 0)
			close(rf->inherited[i].kept_fd);
	rf->nr_inherited = 0;
	if (rf->terminal >= 0)
		close(rf->terminal);
	rf->terminal = -1;
	for (size_t i = 0; i < ARRAY_SIZE(rf->streams); i++) {
		if (rf->streams[i])
			image_close(rf->streams[i]);
		rf->streams[i] = NULL;
	}
}

void files_restore_commit(struct restore *r)
{
	ttys_commit(r);
	drop(r, true);
}

void files_restore_undo(struct restore *r)
{
	drop(r, false);
}
