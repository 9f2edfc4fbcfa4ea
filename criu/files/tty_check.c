// SPDX-License-Identifier: GPL-2.0-only
/* Terminals on dump, when all files of the tree are known: pairs, sessions, and what cannot be dumped of them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "base/options.h"
#include "files/tty_priv.h"
#include "proc/stat.h"

/*
 * The node below /dev/pts is reached through the master's own mount, so it is the right one of several instances.
 * O_PATH does not open the terminal (ptm_open_peer() of drivers/tty/pty.c).
 */
struct err *tty_find_node(struct tty_dump *t)
{
	struct pollfd pfd = { .fd = t->probe->dup };
	AUTO_FD fd = ioctl(t->probe->dup, TIOCGPTPEER, O_PATH | O_CLOEXEC | O_NOCTTY);

	t->node.st_ino = 0;
	if (fd >= 0 && fstat(fd, &t->node))
		return err_sys(errno, "cannot stat slave %u of fd %d of task %d", t->index,
			       t->probe->fd, t->probe->task->host_pid);
	/* A slave that was closed is a hang-up, one that was never open is not. */
	if (poll(&pfd, 1, 0) < 0)
		return err_sys(errno, "cannot poll fd %d of task %d", t->probe->fd,
			       t->probe->task->host_pid);
	t->is_alone = !(pfd.revents & POLLHUP);
	return NULL;
}

static struct tty_dump *master_of(const struct dump_files *df, const struct tty_dump *t)
{
	for (size_t i = 0; i < df->nr_tty_list; i++)
		if (df->tty_list[i]->is_master && df->tty_list[i]->index == t->index)
			return df->tty_list[i];
	return NULL;
}

static bool is_slave(const struct tty_dump *t)
{
	return !t->is_master && t->info->type == TTY_TYPE__PTY;
}

static struct err *refuse_outside(struct dump *d, const struct tty_dump *t)
{
	if (d->opts->shell_job || t->info->type == TTY_TYPE__EXT_TTY)
		return NULL;
	return err_hint(fd_probe_refuse(t->probe, "its terminal is outside of the dumped tree"),
			"pass --shell-job to move it to the terminal of the restore, or start the "
			"program with its input and output redirected (setsid PROGRAM < /dev/null "
			"> LOG 2>&1)");
}

/* A stop by ^S or TCOOFF is in no answer of the kernel but this: no room, although nothing waits. */
static struct err *check_stopped(const struct tty_dump *t, const struct tty_dump *master)
{
	AUTO_FD slave = -1, fd = -1;
	struct pollfd pfd = { .events = POLLOUT }, in = { .events = POLLIN };
	int unread = 0;

	TRY(fd_probe_getfd(t->probe, &slave));
	TRY(fd_probe_getfd(master->probe, &fd));
	pfd.fd = slave;
	in.fd = fd;
	if (poll(&in, 1, 0) < 0 || poll(&pfd, 1, 0) < 0 || ioctl(fd, FIONREAD, &unread))
		return err_sys(errno, "cannot poll terminal %u", t->index);
	if (pfd.revents & POLLOUT || unread > 2048)
		return NULL;
	return err_hint(fd_probe_refuse(t->probe, "its output is stopped (^S)"),
			"let it go on (^Q, or tcflow(3) with TCOON) before the dump");
}

/* /dev/tty opens what the session of the one who opens it has. */
static struct err *check_current(const struct tty_dump *t, struct tty_dump *master)
{
	master->is_alone = false;
	if ((uint32_t)t->probe->task->sid == master->info->sid && master->info->sid)
		return NULL;
	return err_hint(fd_probe_refuse(t->probe, "it is the terminal of another session"),
			"close it before the dump, or open the terminal by its name");
}

static struct err *check_tty(struct dump *d, const struct tty_dump *t)
{
	struct tty_dump *master = master_of(d->files->dump, t);

	if (is_slave(t) && t->is_hung && !master)
		return NULL;
	if (!master)
		return refuse_outside(d, t);
	if (t->info->type == TTY_TYPE__CTTY)
		return check_current(t, master);
	if (!is_slave(t))
		return NULL;
	if (master->node.st_ino && master->node.st_dev != t->node.st_dev)
		return err_hint(fd_probe_refuse(t->probe,
						"a terminal with number %u of another instance of "
						"devpts is in the tree, too",
						t->index),
				"dump them apart");
	if (t->is_hung)
		return err_hint(
			fd_probe_refuse(t->probe,
					"it was hung up (vhangup) while its master is open"),
			"close it before the dump");
	master->is_alone = false;
	return check_stopped(t, master);
}

static struct err *check_member(const struct tty_dump *m, const struct task *t, bool *is_fore)
{
	struct proc_stat st;

	if (t->pgid == (pid_t)m->info->pgrp && t->sid == (pid_t)m->info->sid)
		*is_fore = true;
	if (t->state == TASK_DEAD || t->sid != (pid_t)m->info->sid)
		return NULL;
	TRY(proc_stat_read_pid(t->host_pid, &st));
	if (st.tty_nr)
		return NULL;
	return err_hint(err_new(ERR_UNSUPPORTED,
				"cannot dump task %d: it has given up the controlling terminal "
				"that its session has (TIOCNOTTY)",
				t->host_pid),
			"let it start a session of its own (setsid)");
}

/* The session that a pair controls must come back with it. */
static struct err *check_session(struct dump *d, const struct tty_dump *m)
{
	const struct task *leader = tree_find(&d->tree, (pid_t)m->info->sid);
	bool is_fore = false;

	if (!m->info->sid)
		return NULL;
	if (!leader || leader->state == TASK_DEAD)
		return err_hint(
			fd_probe_refuse(m->probe,
					"its slave is the controlling terminal of session %u,"
					" which is outside of the dumped tree",
					m->info->sid),
			"dump process %u too", m->info->sid);
	for (size_t i = 0; i < d->tree.nr_tasks; i++)
		TRY(check_member(m, d->tree.tasks[i], &is_fore));
	if (is_fore)
		return NULL;
	return err_hint(
		fd_probe_refuse(m->probe,
				"foreground group %u of its terminal has no process any more",
				m->info->pgrp),
		"dump again in a moment, or let the session choose another (tcsetpgrp)");
}

/* Packet mode: a status that waits can only be read by the one who is to get it. */
static struct err *check_packet(const struct tty_dump *m)
{
	struct pollfd pfd = { .events = POLLPRI };
	AUTO_FD fd = -1;

	if (!m->info->packet_mode)
		return NULL;
	TRY(fd_probe_getfd(m->probe, &fd));
	pfd.fd = fd;
	if (poll(&pfd, 1, 0) < 0)
		return err_sys(errno, "cannot poll terminal %u", m->index);
	if (!(pfd.revents & POLLPRI))
		return NULL;
	return err_hint(fd_probe_refuse(m->probe,
					"a status of packet mode (TIOCPKT) was not read yet"),
			"let the program read it, then dump again");
}

/*
 * A slave that was open and has no descriptor any more has a record all the same: it tells that, and who owns the
 * node.
 */
static void add_slave_info(struct dump *d, const struct tty_dump *m)
{
	const struct dump_files *df = d->files->dump;
	TtyInfoEntry *info;

	for (size_t i = 0; i < df->nr_tty_list; i++)
		if (is_slave(df->tty_list[i]) && df->tty_list[i]->index == m->index)
			return;
	if (m->is_alone || !m->node.st_ino)
		return;
	info = tty_info_new(d, m->index << 1, TTY_TYPE__PTY, &m->node);
	info->termios = m->info->termios;
	info->termios_locked = m->info->termios_locked;
	info->winsize = m->info->winsize;
	info->sid = m->info->sid;
	info->pgrp = m->info->pgrp;
}

static struct err *check_outside(const struct tty_dump *m)
{
	if (!m->outside)
		return NULL;
	return err_hint(fd_probe_refuse(m->probe,
					"its slave, /dev/pts/%u, is open in process %d, which is "
					"outside of the dumped tree",
					m->index, m->outside),
			"dump that process too, or let it close the terminal");
}

static struct err *check_master(struct dump *d, const struct tty_dump *m)
{
	TRY(files_blocker(d, check_outside(m)));
	TRY(files_blocker(d, check_session(d, m)));
	TRY(files_blocker(d, check_packet(m)));
	add_slave_info(d, m);
	return NULL;
}

static bool has_master(const struct dump_files *df)
{
	for (size_t i = 0; i < df->nr_tty_list; i++)
		if (df->tty_list[i]->is_master)
			return true;
	return false;
}

struct err *tty_check(struct dump *d)
{
	const struct dump_files *df = d->files->dump;

	for (size_t i = 0; i < df->nr_tty_list; i++)
		TRY(files_blocker(d, check_tty(d, df->tty_list[i])));
	if (has_master(df))
		TRY(tty_find_outside(d));
	for (size_t i = 0; i < df->nr_tty_list; i++)
		if (df->tty_list[i]->is_master)
			TRY(check_master(d, df->tty_list[i]));
	return NULL;
}
