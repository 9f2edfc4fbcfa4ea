// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll: a set of watches.  Each is of an open file, under the number of the descriptor that it was added with.  The
 * kernel keeps the pair for as long as the open file lives: the number may have been closed, or be something
 * else by now, or never have been one of the task that has the epoll.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "files/anon.h"
#include "files/restore_priv.h"
#include "task/kobj.h"

static bool epoll_matches(const struct fd_probe *p)
{
	return fd_probe_is_anon(p, "[eventpoll]");
}

static EventpollTfdEntry *new_watch(struct dump *d, const struct fdinfo_epoll *line)
{
	EventpollTfdEntry *t = PB_NEW(d->arena, EventpollTfdEntry, eventpoll_tfd_entry);

	t->tfd = line->fd;
	t->events = line->events;
	t->data = line->data;
	t->has_dev = t->has_inode = t->has_pos = true;
	t->dev = line->dev;
	t->inode = line->ino;
	t->pos = line->pos;
	return t;
}

/* What it watches may be seen later than itself: epoll_check() finds that. */
static struct err *epoll_dump(struct dump *d, const struct fd_probe *p, FileEntry *rec)
{
	EventpollFileEntry *r = PB_NEW(d->arena, EventpollFileEntry, eventpoll_file_entry);
	const char *cursor = NULL;
	struct fdinfo info;

	r->id = rec->id;
	r->flags = p->flags;
	TRY(fown_ask(d, p, &r->fown));
	TRY(fd_probe_info(d, p, &info));
	for (;;) {
		struct fdinfo_epoll line;
		bool has_line;

		TRY(fdinfo_epoll_next(&info, &cursor, &line, &has_line));
		if (!has_line)
			break;
		r->tfd = arena_grow(d->arena, r->tfd, r->n_tfd, sizeof(*r->tfd));
		r->tfd[r->n_tfd++] = new_watch(d, &line);
	}
	rec->epfd = r;
	return NULL;
}

/* How many watches have the same number: the kernel tells them apart by their order. */
struct number {
	struct lookup_node node;
	uint32_t tfd;
	uint32_t seen;
};

static uint32_t nth_of_number(struct lookup *numbers, uint32_t tfd)
{
	uint64_t hash = lookup_hash_u64(0, tfd);
	struct number *n;

	for (struct lookup_node *node = lookup_first(numbers, hash); node;
	     node = lookup_next(node)) {
		n = CONTAINER_OF(node, struct number, node);
		if (n->tfd == tfd)
			return n->seen++;
	}
	n = ARENA_NEW(numbers->arena, struct number);
	n->tfd = tfd;
	n->seen = 1;
	lookup_add(numbers, &n->node, hash);
	return 0;
}

static struct err *is_target(const struct fd_probe *epoll, const EventpollTfdEntry *t, uint32_t nth,
			     const struct task *task, int fd, bool *out)
{
	return kobj_is_watched(task->host_pid, fd, epoll->task->host_pid, epoll->fd, t->tfd, nth,
			       out);
}

/* Id of what is watched, 0: no task of the tree has it open.  Nearly always it still is what it was added as. */
static struct err *find_target(struct dump *d, const struct fd_probe *epoll,
			       const EventpollTfdEntry *t, uint32_t nth, uint32_t *id_out)
{
	const struct fd_slot *slot = fdtable_find(epoll->task->fdt, (int)t->tfd);
	const struct files *fs = d->files;
	bool is_same = false;

	*id_out = 0;
	if (slot)
		TRY(is_target(epoll, t, nth, epoll->task, slot->fd, &is_same));
	if (is_same) {
		*id_out = slot->id;
		return NULL;
	}
	for (size_t i = 0; i < fs->nr; i++) {
		const struct fd_probe *p = fs->list[i]->probe;

		if (p->fd < 0 || p->st.st_ino != t->inode)
			continue;
		TRY(is_target(epoll, t, nth, p->task, p->fd, &is_same));
		if (is_same) {
			*id_out = fs->list[i]->id;
			return NULL;
		}
	}
	return NULL;
}

/* CRIU wants a number of the file in the epoll's own table; the one of the watch goes beside it. */
static void set_number(const struct fdtable *table, EventpollTfdEntry *t)
{
	const struct fd_slot *slot = fdtable_find(table, (int)t->tfd);

	for (size_t i = 0; (!slot || slot->id != t->file_id) && i < table->nr_slots; i++)
		if (table->slots[i].id == t->file_id)
			slot = &table->slots[i];
	if (!slot || slot->id != t->file_id || (uint32_t)slot->fd == t->tfd)
		return;
	t->has_number = true;
	t->number = t->tfd;
	t->tfd = (uint32_t)slot->fd;
}

static struct err *check_one(struct dump *d, const struct file *f)
{
	const struct fd_probe *p = f->probe;
	struct lookup numbers = { .arena = d->arena };

	for (size_t i = 0; i < f->rec->epfd->n_tfd; i++) {
		EventpollTfdEntry *t = f->rec->epfd->tfd[i];

		TRY(find_target(d, p, t, nth_of_number(&numbers, t->tfd), &t->file_id));
		t->has_file_id = true;
		if (!t->file_id)
			return err_hint(
				fd_probe_refuse(p,
						"it watches fd %u, which is closed but open "
						"somewhere outside of the dumped tree",
						t->tfd),
				"remove it from the epoll (EPOLL_CTL_DEL) before closing it, "
				"or dump the process that has it too");
		set_number(p->task->fdt, t);
	}
	return NULL;
}

static struct err *epoll_check(struct dump *d)
{
	const struct files *fs = d->files;

	for (size_t i = 0; i < fs->nr; i++)
		if (fs->list[i]->kind == &file_kind_epoll && fs->list[i]->rec->epfd)
			TRY(files_blocker(d, check_one(d, fs->list[i])));
	return NULL;
}

static uint32_t number_of(const EventpollTfdEntry *t)
{
	return t->has_number ? t->number : t->tfd;
}

/* Fills in what only the table says. */
static struct err *link_watch(struct restore *r, const struct file *f, EventpollTfdEntry *t)
{
	const struct fd_slot *slot = t->tfd <= MAX_FD ? fdtable_find(f->user->fdt, (int)t->tfd) :
							NULL;
	const struct file *target = t->has_file_id ? file_by_id(r->files, t->file_id) :
				    slot	   ? slot->file :
						     NULL;

	if (number_of(t) > MAX_FD)
		return err_new(ERR_IMAGE, "files.img: epoll %u watches the impossible number %u",
			       f->id, number_of(t));
	if (!target || !target->user)
		return err_new(ERR_IMAGE,
			       "cannot restore %s: it watches fd %u, which no task has open",
			       file_user(r, f), number_of(t));
	t->has_file_id = true;
	t->file_id = target->id;
	/* The number is borrowed, if only for the moment. */
	r->files->restore->highest_fd = MAX(r->files->restore->highest_fd, (int)number_of(t));
	return NULL;
}

static struct err *epoll_link(struct restore *r, struct file *f)
{
	const EventpollFileEntry *rec = f->rec->epfd;

	for (size_t i = 0; f->user && i < rec->n_tfd; i++)
		TRY(link_watch(r, f, rec->tfd[i]));
	return NULL;
}

static struct err *epoll_open(struct worker *w UNUSED, struct file *f, int *fd_out)
{
	AUTO_FD fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return err_sys(errno, "cannot make an epoll");
	TRY(anon_set_flags(fd, f->rec->epfd->flags));
	*fd_out = fd_take(&fd);
	return NULL;
}

static struct err *add_watch(const EventpollTfdEntry *t, int epfd, int fd)
{
	struct epoll_event ev = { .events = t->events, .data.u64 = t->data };

	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev))
		return err_sys(errno, "cannot watch fd %d", fd);
	return NULL;
}

/* A descriptor of @target out of the way of all tables. */
static struct err *get_target(struct worker *w, const struct file *target, int *fd_out)
{
	AUTO_FD pidfd = pidfd_open(target->user->ns_pid, 0);
	AUTO_FD fd = pidfd < 0 ? -1 : pidfd_getfd(pidfd, target->user_fd, 0);

	if (fd < 0)
		return err_sys(errno, "cannot take fd %d of task %d", target->user_fd,
			       target->user->ns_pid);
	TRY(fd_move_up(&fd, w->fd_floor));
	*fd_out = fd_take(&fd);
	return NULL;
}

/* @slot is what has the number now, or NULL; it gets it back. */
static struct err *watch_borrowed(struct worker *w, const EventpollTfdEntry *t, int epfd,
				  const struct file *target, const struct fd_slot *slot)
{
	int number = (int)number_of(t);
	AUTO_FD fd = -1, saved = -1;
	struct err *e;

	TRY(get_target(w, target, &fd));
	if (slot)
		saved = fcntl(number, F_DUPFD_CLOEXEC, w->fd_floor);
	if ((slot && saved < 0) || dup3(fd, number, O_CLOEXEC) < 0)
		return err_sys(errno, "cannot borrow fd %d", number);
	e = add_watch(t, epfd, number);
	if (!slot)
		close(number);
	else if (dup3(saved, number, slot->is_cloexec ? O_CLOEXEC : 0) < 0 && !e)
		e = err_sys(errno, "cannot put fd %d back", number);
	return e;
}

static struct err *epoll_finish(struct worker *w, struct file *f, int fd)
{
	const EventpollFileEntry *rec = f->rec->epfd;

	for (size_t i = 0; i < rec->n_tfd; i++) {
		const EventpollTfdEntry *t = rec->tfd[i];
		const struct file *target = file_by_id(w->restore->files, t->file_id);
		const struct fd_slot *slot = fdtable_find(f->owner, (int)number_of(t));

		if (slot && slot->file == target)
			TRY(add_watch(t, fd, slot->fd));
		else
			TRY(watch_borrowed(w, t, fd, target, slot));
	}
	return NULL;
}

const struct file_kind file_kind_epoll = {
	.name = "epoll",
	.type = FD_TYPES__EVENTPOLL,
	.member = offsetof(FileEntry, epfd),
	.matches = epoll_matches,
	.dump = epoll_dump,
	.check = epoll_check,
	.link_up = epoll_link,
	.open = epoll_open,
	.finish = epoll_finish,
};
