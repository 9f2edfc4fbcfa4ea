// SPDX-License-Identifier: GPL-2.0-only
/*
 * Restore, coordinator: makes pseudo-terminals and all descriptors of them, which workers then take.  The number of
 * a pair is that of the dump, because programs know the path of their terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "files/tty_priv.h"

/* O_LARGEFILE of the kernel. */
enum { LARGEFILE = 0100000 };

static struct err *failed(const struct pty *p, const char *what)
{
	return err_sys(errno, "cannot %s terminal %u", what, p->index);
}

static const RegFileEntry *path_of(const struct restore *r, const struct file *f)
{
	return file_by_id(r->files, f->rec->tty->regf_id)->rec->reg;
}

static bool is_master(const struct file *f)
{
	return f->rec->tty->tty_info_id & 1;
}

static struct file *master_file(const struct pty *p)
{
	for (size_t i = 0; i < p->nr_files; i++)
		if (is_master(p->files[i]))
			return p->files[i];
	return NULL;
}

static struct pty *find_pty(const struct restore_files *rf, uint32_t index)
{
	for (size_t i = 0; i < rf->nr_ptys; i++)
		if (rf->ptys[i]->index == index)
			return rf->ptys[i];
	return NULL;
}

void pty_add(struct restore *r, const TtyInfoEntry *info, struct file *f)
{
	struct restore_files *rf = r->files->restore;
	uint32_t index = info->id >> 1;
	struct pty *p = find_pty(rf, index);

	if (!p) {
		p = ARENA_NEW(r->arena, struct pty);
		p->index = index;
		p->master = p->slave = -1;
		p->master_info = tty_find_info(rf, index << 1 | 1);
		p->slave_info = tty_find_info(rf, index << 1);
		rf->ptys = arena_grow(r->arena, rf->ptys, rf->nr_ptys, sizeof(*rf->ptys));
		rf->ptys[rf->nr_ptys++] = p;
		/* Those with lower numbers, for a moment. */
		rf->nr_pty_fds += 2 + MIN(index, MAX_INDEX);
	}
	p->files = arena_grow(r->arena, p->files, p->nr_files, sizeof(*p->files));
	p->files[p->nr_files++] = f;
	rf->nr_pty_fds++;
}

/* The place where masters of the instance of devpts are made. */
static const char *ptmx_path(const struct restore *r, const struct pty *p)
{
	const struct file *f = master_file(p);

	return f ? path_of(r, f)->name : "/dev/ptmx";
}

static struct err *in_use(const struct pty *p)
{
	return err_hint(err_new(ERR_SYS, "cannot make terminal %u again: /dev/pts/%u is in use",
				p->index, p->index),
			"end the program that has it (fuser /dev/pts/%u), or restore where "
			"/dev/pts is a new instance",
			p->index);
}

/* The kernel gives the lowest number that is free; those on the way are kept until the right one comes. */
static struct err *open_master(struct restore *r, struct pty *p)
{
	AUTO_FD fd = open(ptmx_path(r, p), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	uint32_t index;
	struct err *e;

	if (fd < 0)
		return err_sys(errno, "cannot open %s for terminal %u", ptmx_path(r, p), p->index);
	if (ioctl(fd, TIOCGPTN, &index))
		return failed(p, "ask for the number of");
	if (index > p->index)
		return in_use(p);
	if (index < p->index) {
		/* Not as a last call: it stays open meanwhile. */
		e = open_master(r, p);
		return e;
	}
	p->master = fd_take(&fd);
	return fd_move_up(&p->master, files_fd_floor(r));
}

static struct err *open_slave(struct restore *r, const struct pty *p, int flags, int *fd_out)
{
	/* With O_CLOEXEC the flag would stay in those of the open file, which all duplicates show. */
	*fd_out = ioctl(p->master, TIOCGPTPEER, flags | O_NOCTTY);
	if (*fd_out < 0 || fcntl(*fd_out, F_SETFD, FD_CLOEXEC))
		return failed(p, "open the slave of");
	return fd_move_up(fd_out, files_fd_floor(r));
}

static struct err *unlock(const struct pty *p, bool on)
{
	int value = on;

	return ioctl(p->master, TIOCSPTLCK, &value) ? failed(p, "set the lock of") : NULL;
}

/* Was it open since the master was made?  CRIU's images tell that only by what it left. */
static bool was_open(const struct pty *p)
{
	return p->slave_info || p->to_master || p->to_slave ||
	       (p->master_info && p->master_info->sid);
}

static struct err *check_instance(const struct pty *p, const struct stat *st, int fd,
				  const char *path)
{
	struct stat found;

	if (fstat(fd, &found))
		return failed(p, "stat the slave of");
	if (found.st_rdev == st->st_rdev && found.st_dev == st->st_dev)
		return NULL;
	return err_hint(err_new(ERR_SYS, "cannot open terminal %u: %s is another one", p->index,
				path),
			"restore where %s belongs to the same devpts as /dev/ptmx", path);
}

/* A slave that was opened by TIOCGPTPEER, as openpty(3) does, has no O_LARGEFILE. */
static struct err *open_again(struct restore *r, const struct pty *p, const struct file *f,
			      int *fd_out)
{
	int flags = (int)f->rec->tty->flags & (O_ACCMODE | O_NONBLOCK | O_APPEND | O_NOATIME);
	const char *path = path_of(r, f)->name;
	struct stat st;

	if (!(f->rec->tty->flags & LARGEFILE))
		return open_slave(r, p, flags, fd_out);
	*fd_out = open(path, flags | O_NOCTTY | O_CLOEXEC);
	if (*fd_out < 0)
		return err_sys(errno, "cannot open terminal %s", path);
	TRY(fd_move_up(fd_out, files_fd_floor(r)));
	if (fstat(p->slave, &st))
		return failed(p, "stat the slave of");
	return check_instance(p, &st, *fd_out, path);
}

static struct err *set_node(const struct restore *r, const struct pty *p)
{
	const TtyInfoEntry *info = p->slave_info;

	if (!info)
		return NULL;
	if (info->has_uid && info->has_gid && fchown(p->slave, info->uid, info->gid))
		return failed(p, "set the owner of");
	for (size_t i = 0; i < p->nr_files; i++) {
		const RegFileEntry *reg = path_of(r, p->files[i]);

		if (!is_master(p->files[i]) && reg->has_mode && fchmod(p->slave, reg->mode & 07777))
			return failed(p, "set the mode of");
	}
	return NULL;
}

static struct err *set_state(const struct pty *p)
{
	const TtyInfoEntry *info = p->slave_info && p->slave_info->termios ? p->slave_info :
									     p->master_info;
	struct winsize ws;

	if (!info || !info->termios)
		return NULL;
	if (!tty_set_modes(p->master, info->termios, false))
		return failed(p, "set the modes of");
	if (info->winsize) {
		ws = (struct winsize){ .ws_row = (unsigned short)info->winsize->ws_row,
				       .ws_col = (unsigned short)info->winsize->ws_col,
				       .ws_xpixel = (unsigned short)info->winsize->ws_xpixel,
				       .ws_ypixel = (unsigned short)info->winsize->ws_ypixel };
		if (ioctl(p->master, TIOCSWINSZ, &ws))
			return failed(p, "set the window size of");
	}
	return NULL;
}

static struct tty_bytes bytes_of(const TtyDataEntry *rec)
{
	return rec ? (struct tty_bytes){ .data = rec->data.data,
					 .len = rec->data.len,
					 .lines = rec->line_len,
					 .nr_lines = rec->n_line_len } :
		     (struct tty_bytes){ 0 };
}

static struct err *fill(struct restore *r, const struct pty *p)
{
	struct tty_queue q = { .arena = r->arena,
			       .master = p->master,
			       .slave = p->slave,
			       .to_master = bytes_of(p->to_master),
			       .to_slave = bytes_of(p->to_slave),
			       .is_odd = p->to_slave && p->to_slave->n_line_len };

	if (!p->to_master && !p->to_slave)
		return NULL;
	return err_context(tty_queue_put(&q), "cannot fill terminal %u", p->index);
}

/* What would hinder the steps before it. */
static struct err *set_last(const struct pty *p)
{
	const TtyInfoEntry *m = p->master_info, *s = p->slave_info;
	const TtyInfoEntry *locked = s && s->termios_locked ? s : m;
	int on = 1;

	if (locked && locked->termios_locked &&
	    !tty_set_modes(p->master, locked->termios_locked, true))
		return failed(p, "lock the modes of");
	if (s && s->exclusive && p->slave >= 0 && ioctl(p->slave, TIOCEXCL))
		return failed(p, "make exclusive");
	if (m && m->exclusive && ioctl(p->master, TIOCEXCL))
		return failed(p, "make exclusive");
	if (m && m->packet_mode && ioctl(p->master, TIOCPKT, &on))
		return failed(p, "set packet mode of");
	return unlock(p, m && m->locked);
}

static struct err *open_files(struct restore *r, struct pty *p)
{
	struct restore_files *rf = r->files->restore;

	for (size_t i = 0; i < p->nr_files; i++) {
		const struct file *f = p->files[i];

		if (is_master(f))
			rf->pty_fds[f->index] = p->master;
		else
			TRY(open_again(r, p, f, &rf->pty_fds[f->index]));
	}
	return NULL;
}

static void close_if(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Sides that no task has are closed: that is the hang-up which the other side had seen. */
static struct err *close_unused(struct pty *p)
{
	const struct file *f = master_file(p);

	if (!f)
		close_if(&p->master);
	else if (fcntl(p->master, F_SETFL, f->rec->tty->flags & (O_NONBLOCK | O_APPEND)))
		return failed(p, "set the flags of");
	/* A session leader still takes it from here. */
	if (!p->master_info || !p->master_info->sid)
		close_if(&p->slave);
	return NULL;
}

static struct err *make_one(struct restore *r, struct pty *p)
{
	TRY(open_master(r, p));
	TRY(unlock(p, false));
	if (was_open(p))
		TRY(open_slave(r, p, O_RDWR | O_NONBLOCK, &p->slave));
	TRY(set_state(p));
	if (p->slave >= 0) {
		TRY(set_node(r, p));
		TRY(fill(r, p));
	}
	TRY(open_files(r, p));
	TRY(set_last(p));
	return close_unused(p);
}

static const TtyDataEntry *find_data(const struct restore_files *rf, uint32_t id)
{
	for (size_t i = 0; i < rf->nr_tty_data; i++)
		if (rf->tty_data[i]->tty_id == id)
			return rf->tty_data[i];
	return NULL;
}

struct err *ptys_make(struct restore *r)
{
	struct restore_files *rf = r->files->restore;

	rf->pty_fds = arena_array(r->arena, r->files->nr + 1, sizeof(*rf->pty_fds));
	for (size_t i = 0; i < r->files->nr; i++)
		rf->pty_fds[i] = -1;
	for (size_t i = 0; i < rf->nr_ptys; i++) {
		struct pty *p = rf->ptys[i];

		p->to_master = find_data(rf, p->index << 1 | 1);
		p->to_slave = find_data(rf, p->index << 1);
		TRY(make_one(r, p));
	}
	return NULL;
}

/* In a worker the numbers stay known: it takes what it needs from the coordinator. */
void ptys_close(const struct restore_files *rf)
{
	for (size_t i = 0; i < rf->nr_ptys; i++) {
		const struct pty *p = rf->ptys[i];

		for (size_t k = 0; rf->pty_fds && k < p->nr_files; k++)
			if (!is_master(p->files[k]) && rf->pty_fds[p->files[k]->index] >= 0)
				close(rf->pty_fds[p->files[k]->index]);
		if (p->master >= 0)
			close(p->master);
		if (p->slave >= 0)
			close(p->slave);
	}
}

void ptys_drop(struct restore_files *rf)
{
	ptys_close(rf);
	rf->nr_ptys = 0;
}

struct err *pty_take(struct worker *w, int coordinators_fd, int *fd_out)
{
	AUTO_FD pidfd = pidfd_open(w->restore->files->restore->coordinator, 0);
	int fd = pidfd < 0 ? -1 : pidfd_getfd(pidfd, coordinators_fd, 0);

	if (fd < 0)
		return err_sys(errno, "cannot take a terminal from the coordinator");
	*fd_out = fd;
	return NULL;
}

struct err *pty_open(struct worker *w, const struct file *f, int *fd_out)
{
	return pty_take(w, w->restore->files->restore->pty_fds[f->index], fd_out);
}
