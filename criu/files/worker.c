// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker fills its descriptor table by the plan (plan.c).  Numbers below w->fd_floor belong to the table;
 * everything else the worker has open sits above.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/sk_restore.h"
#include "task/stage.h"

static int fd_flags(const struct fd_slot *slot)
{
	return slot->is_cloexec ? O_CLOEXEC : 0;
}

/* Context that names the descriptor; only made when something went wrong. */
static struct err *of_slot(struct err *e, const struct worker *w, const struct fd_slot *slot)
{
	return e ? err_context(e, "cannot restore fd %d of task %d", slot->fd, w->task->ns_pid) :
		   NULL;
}

/* @own_fd is close-on-exec and at any number. */
static struct err *place(const struct fd_slot *slot, int own_fd)
{
	AUTO_FD fd = own_fd;

	if (fd == slot->fd) {
		fd_take(&fd);
		if (!slot->is_cloexec && fcntl(slot->fd, F_SETFD, 0))
			return err_sys(errno, "cannot clear close-on-exec");
		return NULL;
	}
	if (dup3(fd, slot->fd, fd_flags(slot)) < 0)
		return err_sys(errno, "cannot put it there");
	return NULL;
}

static struct err *copy(const struct fd_slot *slot, int from_fd)
{
	if (dup3(from_fd, slot->fd, fd_flags(slot)) < 0)
		return err_sys(errno, "cannot duplicate fd %d", from_fd);
	return NULL;
}

static void lend_one(struct worker *w, struct file *f, int fd)
{
	struct restore_files *rf = w->restore->files->restore;

	rf->lent[f->index] = fd;
	rf->strays = arena_grow(w->restore->arena, rf->strays, rf->nr_strays, sizeof(*rf->strays));
	rf->strays[rf->nr_strays++] = f;
}

/* Ends nobody here has a number for wait for those who have. */
static void lend(struct worker *w, const struct file_group *g)
{
	struct restore_files *rf = w->restore->files->restore;

	for (size_t i = 0; i < g->nr_ends; i++) {
		size_t index = g->ends[i]->index;

		if (g->ends[i]->owner_fd >= 0 || !rf->made[index])
			continue;
		lend_one(w, g->ends[i], rf->made[index]);
		rf->made[index] = 0;
	}
}

struct err *file_group_keep(struct worker *w, const struct file *f, int own_fd)
{
	AUTO_FD fd = own_fd;

	/* It may stay where it belongs, and nowhere else among the numbers of the table. */
	if (fd != f->owner_fd)
		TRY(fd_move_up(&fd, w->fd_floor));
	w->restore->files->restore->made[f->index] = fd_take(&fd);
	return NULL;
}

static int inherited_copy(const struct restore_files *rf, int user_fd)
{
	for (size_t i = 0; i < rf->nr_inherited; i++)
		if (rf->inherited[i].fd == user_fd)
			return fcntl(rf->inherited[i].kept_fd, F_DUPFD_CLOEXEC, 0);
	errno = EBADF;
	return -1;
}

static struct err *open_file(struct worker *w, struct file *f, int *fd_out)
{
	if (f->inherited < 0)
		return f->kind->open(w, f, fd_out);
	*fd_out = inherited_copy(w->restore->files->restore, f->inherited);
	return *fd_out < 0 ? err_sys(errno, "cannot duplicate inherited fd %d", f->inherited) :
			     NULL;
}

/*
 * The kernel notes the number through which O_ASYNC is set and tells it in si_fd.  With open(2) the flag is only
 * shown, which is all it does for a regular file.
 */
static struct err *set_async(struct worker *w, const struct fd_slot *slot)
{
	uint32_t flags = file_flags(w->restore->files, slot->file);

	if (!(flags & O_ASYNC) || flags & O_PATH || slot->file->inherited >= 0)
		return NULL;
	if (fcntl(slot->fd, F_SETFL, flags & ~(uint32_t)O_ASYNC) || fcntl(slot->fd, F_SETFL, flags))
		return err_sys(errno, "cannot set O_ASYNC");
	return NULL;
}

static struct err *open_slot(struct worker *w, const struct fd_slot *slot)
{
	int fd;

	TRY(of_slot(open_file(w, slot->file, &fd), w, slot));
	TRY(of_slot(place(slot, fd), w, slot));
	TRY(of_slot(set_async(w, slot), w, slot));
	if (slot->file->group)
		lend(w, slot->file->group);
	return NULL;
}

/* Is it there when the worker has opened what it owns, without waiting for others? */
static bool is_soon(const struct fd_slot *slot)
{
	return slot->source == SLOT_INHERIT || (slot->source == SLOT_OPEN && !slot->file->is_late);
}

static const struct fd_slot *first_slot(const struct fdtable *table, int fd)
{
	size_t low = 0, high = table->nr_slots;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (table->slots[mid].fd < fd)
			low = mid + 1;
		else
			high = mid;
	}
	return &table->slots[low];
}

/* --- before the children are made --- */

static struct err *save_moved(struct worker *w, struct fdtable *table)
{
	for (size_t i = 0; i < table->nr_slots; i++) {
		struct fd_slot *slot = &table->slots[i];

		if (slot->source != SLOT_INHERIT || slot->from_fd == slot->fd)
			continue;
		slot->from_fd = fcntl(slot->from_fd, F_DUPFD_CLOEXEC, w->fd_floor);
		if (slot->from_fd < 0)
			return of_slot(err_sys(errno, "cannot take it from the parent"), w, slot);
	}
	return NULL;
}

static struct err *close_between(int start, int end)
{
	if (start < end && close_range((unsigned int)start, (unsigned int)end - 1, 0))
		return err_sys(errno, "cannot close descriptors %d to %d", start, end - 1);
	return NULL;
}

/* What the fork copied and the table has not at the same number. */
static struct err *close_others(struct worker *w, const struct fdtable *table)
{
	int start = 0;

	for (size_t i = 0; i < table->nr_slots; i++) {
		const struct fd_slot *slot = &table->slots[i];

		if (slot->source != SLOT_INHERIT || slot->from_fd != slot->fd)
			continue;
		TRY(close_between(start, slot->fd));
		start = slot->fd + 1;
	}
	return close_between(start, w->fd_floor);
}

static struct err *place_inherited(struct worker *w, const struct fdtable *table)
{
	for (size_t i = 0; i < table->nr_slots; i++) {
		const struct fd_slot *slot = &table->slots[i];

		if (slot->source != SLOT_INHERIT)
			continue;
		if (slot->from_fd != slot->fd)
			TRY(of_slot(place(slot, slot->from_fd), w, slot));
		else if (slot->is_cloexec != slot->from_is_cloexec &&
			 fcntl(slot->fd, F_SETFD, slot->is_cloexec ? FD_CLOEXEC : 0))
			return of_slot(err_sys(errno, "cannot set close-on-exec"), w, slot);
	}
	return NULL;
}

/* Ends that the parent has made and lends are copied by the fork like all else. */
static void close_strays(struct restore_files *rf)
{
	for (size_t i = 0; i < rf->nr_strays; i++)
		close(rf->lent[rf->strays[i]->index]);
	rf->nr_strays = 0;
}

/* The root's worker is a fork of the coordinator and has its copies; they are reached through /proc. */
static void close_remaps(const struct restore_files *rf)
{
	for (size_t i = 0; i < rf->nr_remaps; i++)
		if (rf->remaps[i]->fd >= 0)
			close(rf->remaps[i]->fd);
}

static bool is_table_owner(const struct worker *w)
{
	return w->task->fdt && w->task->fdt->task == w->task;
}

struct err *files_restore_early(struct worker *w)
{
	struct restore_files *rf = w->restore->files->restore;
	struct fdtable *table = w->task->fdt;

	if (!is_table_owner(w))
		return NULL;
	close_strays(rf);
	if (!table->parent) {
		close_remaps(rf);
		unix_names_close(rf);
		ptys_close(rf);
	}
	TRY(save_moved(w, table));
	TRY(close_others(w, table));
	TRY(place_inherited(w, table));
	for (size_t i = 0; i < table->nr_slots; i++)
		if (table->slots[i].is_early && table->slots[i].source == SLOT_OPEN)
			TRY(open_slot(w, &table->slots[i]));
	return NULL;
}

/* --- after the children are made --- */

/*
 * Numbers that come later are kept busy, so that open(2) gives the next slot's number by itself and not
 * the hole's.
 */
static struct err *open_owned(struct worker *w, const struct fdtable *table)
{
	AUTO_FD plug = open("/", O_PATH | O_CLOEXEC);

	if (plug < 0)
		return err_sys(errno, "cannot open /");
	TRY(fd_move_up(&plug, w->fd_floor));
	for (size_t i = 0; i < table->nr_slots; i++) {
		const struct fd_slot *slot = &table->slots[i];

		if (slot->source == SLOT_DUP && is_soon(first_slot(table, slot->from_fd)))
			TRY(of_slot(copy(slot, slot->from_fd), w, slot));
		else if (!is_soon(slot))
			TRY(of_slot(copy(slot, plug), w, slot));
		else if (slot->source == SLOT_OPEN && !slot->is_early)
			TRY(open_slot(w, slot));
	}
	return NULL;
}

static struct err *open_in_flight_one(struct worker *w, struct file *f)
{
	AUTO_FD fd = -1;
	int opened;

	TRY(open_file(w, f, &opened));
	fd = opened;
	TRY(fd_move_up(&fd, w->fd_floor));
	lend_one(w, f, fd_take(&fd));
	if (f->group)
		lend(w, f->group);
	return NULL;
}

/* What only queues have is lent to them. */
static struct err *open_in_flight(struct worker *w, const struct fdtable *table)
{
	const struct restore_files *rf = w->restore->files->restore;
	const struct unix_restore *ur = rf->unix_sks;

	for (size_t i = 0; ur->has_late && i < ur->nr_packets; i++) {
		const struct unix_packet *p = ur->packets[i];

		for (size_t k = 0; k < p->nr_rights; k++) {
			struct file *f = p->rights[k];

			if (f->owner == table && f->owner_fd < 0 && !rf->lent[f->index])
				TRY(err_context(open_in_flight_one(w, f),
						"cannot restore a descriptor in a queue"));
		}
	}
	return NULL;
}

static struct err *open_late(struct worker *w, const struct fdtable *table)
{
	for (size_t i = 0; i < table->nr_slots; i++)
		if (table->slots[i].source == SLOT_OPEN && table->slots[i].file->is_late)
			TRY(open_slot(w, &table->slots[i]));
	return NULL;
}

/* One pidfd is kept as long as slots of one owner follow each other. */
struct puller {
	const struct fdtable *owner;
	int pidfd;
};

static struct err *pull_one(struct worker *w, struct puller *p, const struct fd_slot *slot)
{
	const struct file *f = slot->file;
	int number = f->owner_fd >= 0 ? f->owner_fd : w->restore->files->restore->lent[f->index];
	pid_t pid = f->owner->task->ns_pid;
	int fd;

	if (p->owner != f->owner) {
		if (p->pidfd >= 0)
			close(p->pidfd);
		p->owner = f->owner;
		p->pidfd = pidfd_open(pid, 0);
		if (p->pidfd < 0)
			return err_sys(errno, "cannot reach task %d, which has it open", pid);
	}
	fd = pidfd_getfd(p->pidfd, number, 0);
	if (fd < 0)
		return err_sys(errno, "cannot take fd %d of task %d", number, pid);
	return place(slot, fd);
}

static struct err *pull_all(struct worker *w, const struct fdtable *table)
{
	struct puller p = { .pidfd = -1 };
	struct err *e = NULL;

	for (size_t i = 0; !e && i < table->nr_slots; i++)
		if (table->slots[i].source == SLOT_PULL)
			e = of_slot(pull_one(w, &p, &table->slots[i]), w, &table->slots[i]);
	if (p.pidfd >= 0)
		close(p.pidfd);
	return e;
}

static struct err *copy_rest(struct worker *w, const struct fdtable *table)
{
	for (size_t i = 0; i < table->nr_slots; i++) {
		const struct fd_slot *slot = &table->slots[i];

		if (slot->source == SLOT_DUP && !is_soon(first_slot(table, slot->from_fd)))
			TRY(of_slot(copy(slot, slot->from_fd), w, slot));
	}
	return NULL;
}

static struct err *finish_one(struct worker *w, struct file *f, int fd)
{
	if (!f->kind->finish || f->inherited >= 0)
		return NULL;
	return f->kind->finish(w, f, fd);
}

/* Everything that has a number in any table is there. */
static struct err *finish_all(struct worker *w, const struct fdtable *table)
{
	const struct restore_files *rf = w->restore->files->restore;

	for (size_t i = 0; i < table->nr_slots; i++) {
		const struct fd_slot *slot = &table->slots[i];

		if (slot->source == SLOT_OPEN)
			TRY(of_slot(finish_one(w, slot->file, slot->fd), w, slot));
	}
	for (size_t i = 0; i < rf->nr_strays; i++)
		TRY(finish_one(w, rf->strays[i], rf->lent[rf->strays[i]->index]));
	return NULL;
}

static struct err *fill_table(struct worker *w, const struct fdtable *table, bool is_mine)
{
	struct restore_files *rf = w->restore->files->restore;

	if (is_mine)
		TRY(open_owned(w, table));
	if (rf->has_late) {
		TRY(stage_meet(w));
		if (is_mine)
			TRY(open_late(w, table));
	}
	if (is_mine)
		TRY(open_in_flight(w, table));
	if (rf->has_pulls) {
		TRY(stage_meet(w));
		if (is_mine)
			TRY(pull_all(w, table));
	}
	if (is_mine) {
		TRY(copy_rest(w, table));
		TRY(unix_finish_late(w, table));
	}
	if (rf->has_lent || rf->has_finish)
		TRY(stage_meet(w));
	if (!is_mine)
		return NULL;
	TRY(finish_all(w, table));
	close_strays(rf);
	return NULL;
}

/* Every worker meets equally often, whatever it has to do itself. */
struct err *files_restore_worker(struct worker *w)
{
	const struct restore_files *rf = w->restore->files->restore;

	TRY(tty_set_foreground(w));
	/*
	 * Tasks that share a table open files for a moment now and then, at numbers that are free.  While one of
	 * them fills the table nobody does.
	 */
	if (rf->has_shared_tables)
		TRY(stage_meet(w));
	TRY(fill_table(w, w->task->fdt, is_table_owner(w)));
	return rf->has_shared_tables ? stage_meet(w) : NULL;
}

struct err *files_open_by_id(struct worker *w, uint32_t id, int flags, int *fd_out)
{
	struct file *f = file_by_id(w->restore->files, id);

	if (!f || !f->rec->reg)
		return err_new(ERR_IMAGE, "cannot open file %u for a mapping: no such regular file",
			       id);
	if (f->inherited >= 0)
		return open_file(w, f, fd_out);
	return regular_open_path(w, f, flags, fd_out);
}
