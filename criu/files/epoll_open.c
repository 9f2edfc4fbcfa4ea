// SPDX-License-Identifier: GPL-2.0-only
/* Watches of an epoll are added when all descriptors of all tasks are there, each under its old number. */
#include "files/epoll_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "files/anon.h"
#include "files/restore_priv.h"

/* What is no event (fs/eventpoll.c, EP_PRIVATE_BITS), and events that nearly everything can have. */
#define PRIVATE_BITS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define ANY_EVENT (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP)

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
	if (!target || !file_slot(target))
		return err_new(ERR_IMAGE,
			       "cannot restore %s: it watches fd %u, which no task has open",
			       file_user(r, f), number_of(t));
	t->has_file_id = true;
	t->file_id = target->id;
	/* The number is borrowed, if only for the moment. */
	r->files->restore->highest_fd = MAX(r->files->restore->highest_fd, (int)number_of(t));
	return NULL;
}

struct err *epoll_link(struct restore *r, struct file *f)
{
	const EventpollFileEntry *rec = f->rec->epfd;

	if (rec->n_tfd && !file_slot(f))
		return restore_in_queue(r, f);
	for (size_t i = 0; i < rec->n_tfd; i++)
		TRY(link_watch(r, f, rec->tfd[i]));
	return NULL;
}

struct err *epoll_open(struct worker *w UNUSED, struct file *f, int *fd_out)
{
	AUTO_FD fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return err_sys(errno, "cannot make an epoll");
	TRY(anon_set_flags(fd, f->rec->epfd->flags));
	*fd_out = fd_take(&fd);
	return NULL;
}

/*
 * A watch with EPOLLONESHOT that has told its event waits for nothing until the program changes it.  The kernel adds
 * hang-ups and errors to whatever it is asked for, so that this state is reached in one way only: by an event.
 */
static bool is_disarmed(const EventpollTfdEntry *t)
{
	return t->events & EPOLLONESHOT && !(t->events & ~(uint32_t)PRIVATE_BITS);
}

static struct err *control(const EventpollTfdEntry *t, int epfd, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u64 = t->data };

	if (epoll_ctl(epfd, op, fd, &ev))
		return err_sys(errno, "cannot watch fd %d", fd);
	return NULL;
}

/* Is there an event?  Then the watch, the only one that waits, is disarmed. */
static bool take_event(int epfd)
{
	struct epoll_event ev;

	return epoll_wait(epfd, &ev, 1, 0) == 1;
}

/* A timer is ready while it has expirations; reading takes them away, and it runs on. */
static bool disarm_by_timer(int epfd, int fd)
{
	uint64_t ticks = 1;

	if (ioctl(fd, TFD_IOC_SET_TICKS, &ticks))
		return false;
	return take_event(epfd) && read(fd, &ticks, sizeof(ticks)) == sizeof(ticks);
}

/* An empty pipe is ready while there is a byte in it.  Nobody else reads from it now. */
static bool disarm_by_byte(int epfd, int fd)
{
	char path[64], byte = 0;
	AUTO_FD writer = -1;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	writer = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (writer < 0 || write(writer, &byte, 1) != 1)
		return false;
	return take_event(epfd) && read(fd, &byte, 1) == 1;
}

static bool is_empty_pipe(int fd)
{
	struct stat st;
	int unread;

	return !fstat(fd, &st) && S_ISFIFO(st.st_mode) &&
	       (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY && !ioctl(fd, FIONREAD, &unread) &&
	       !unread;
}

static struct err *add_disarmed(const EventpollTfdEntry *t, int epfd, int fd)
{
	TRY(control(t, epfd, EPOLL_CTL_ADD, fd, t->events | ANY_EVENT));
	if (take_event(epfd) || disarm_by_timer(epfd, fd) ||
	    (is_empty_pipe(fd) && disarm_by_byte(epfd, fd)))
		return NULL;
	log_warn("files", 0,
		 "an epoll may tell of a hang-up of fd %d although it has told its one event "
		 "(EPOLLONESHOT)",
		 fd);
	return control(t, epfd, EPOLL_CTL_MOD, fd, t->events);
}

static struct err *add_watch(const EventpollTfdEntry *t, int epfd, int fd)
{
	if (is_disarmed(t))
		return add_disarmed(t, epfd, fd);
	return control(t, epfd, EPOLL_CTL_ADD, fd, t->events);
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

static struct err *watch(struct worker *w, const struct file *f, const EventpollTfdEntry *t,
			 int epfd)
{
	const struct file *target = file_by_id(w->restore->files, t->file_id);
	const struct fd_slot *slot = fdtable_find(f->owner, (int)number_of(t));

	if (slot && slot->file == target)
		return add_watch(t, epfd, slot->fd);
	return watch_borrowed(w, t, epfd, target, slot);
}

struct err *epoll_finish(struct worker *w, struct file *f, int fd)
{
	const EventpollFileEntry *rec = f->rec->epfd;

	/* Those that must have an event first, while no other can have one. */
	for (size_t i = 0; i < rec->n_tfd; i++)
		if (is_disarmed(rec->tfd[i]))
			TRY(watch(w, f, rec->tfd[i], fd));
	for (size_t i = 0; i < rec->n_tfd; i++)
		if (!is_disarmed(rec->tfd[i]))
			TRY(watch(w, f, rec->tfd[i], fd));
	return NULL;
}
