// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll: a set of watches.  Each is of an open file, under the number of the descriptor that it was added with.  The
 * kernel keeps the pair for as long as the open file lives: the number may have been closed, or be something
 * else by now, or never have been one of the task that has the epoll.  Restoring them is in epoll_open.c.
 */
#include "files/anon.h"
#include "files/epoll_open.h"
#include "files/files_priv.h"
#include "files/watched.h"
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
	if (p->carrier && r->n_tfd)
		return watched_in_flight(p);
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

		if (p->fd < 0 || p->carrier || p->st.st_ino != t->inode)
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
				fd_probe_refuse(
					p,
					"it watches fd %u, which is closed but open "
					"somewhere outside of the dumped tree, or in a queue",
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

const struct file_kind file_kind_epoll = {
	.name = "epoll",
	.type = FD_TYPES__EVENTPOLL,
	.member = offsetof(FileEntry, epfd),
	.about = "epoll: watched files, events, data; also under numbers that were closed since",
	.since = "4.13",
	.matches = epoll_matches,
	.dump = epoll_dump,
	.check = epoll_check,
	.link_up = epoll_link,
	.open = epoll_open,
	.finish = epoll_finish,
};
