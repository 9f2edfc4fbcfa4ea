// SPDX-License-Identifier: GPL-2.0-only
/*
 * tty-data.img.  What waits in a pseudo-terminal is read and put back before anything else is done, so whatever
 * becomes of the dump, the tree has it.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "files/tty_priv.h"
#include "image/dir.h"

static struct err *write_one(struct dump *d, uint32_t tty_id, const struct tty_bytes *b,
			     bool has_lines)
{
	TtyDataEntry rec = TTY_DATA_ENTRY__INIT;

	if (!b->len && !b->nr_lines)
		return NULL;
	rec.tty_id = tty_id;
	rec.data.data = b->data;
	rec.data.len = b->len;
	if (has_lines) {
		rec.line_len = b->lines;
		rec.n_line_len = b->nr_lines;
	}
	return image_write(d->images, IMAGE_TTY_DATA, 0, &rec.base);
}

/* Both sides are without waiting, and packet mode is off. */
static struct err *take_and_put(struct dump *d, int master, int slave, struct tty_queue *q)
{
	struct termios locked, none = { 0 };
	struct err *e;

	*q = (struct tty_queue){ .arena = d->arena, .master = master, .slave = slave };
	if (ioctl(master, TIOCGLCKTRMIOS, &locked) || ioctl(master, TIOCSLCKTRMIOS, &none))
		return err_sys(errno, "cannot unlock the modes");
	e = tty_queue_take(q);
	e = err_join(e, tty_queue_put(q));
	if (ioctl(master, TIOCSLCKTRMIOS, &locked))
		e = err_join(e, err_sys(errno, "cannot lock the modes again"));
	return e;
}

static struct err *set_packet(int master, bool on)
{
	int value = on;

	return ioctl(master, TIOCPKT, &value) ? err_sys(errno, "cannot switch packet mode") : NULL;
}

static struct err *set_lock(int master, bool on)
{
	int value = on;

	return ioctl(master, TIOCSPTLCK, &value) ? err_sys(errno, "cannot lock a terminal") : NULL;
}

static struct err *open_slave(const struct tty_dump *m, int master, int *fd_out)
{
	bool is_locked = m->info->locked;
	int fd;

	if (is_locked)
		TRY(set_lock(master, false));
	fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	*fd_out = fd;
	if (is_locked)
		TRY(set_lock(master, true));
	return fd < 0 ? err_sys(errno, "cannot open its slave") : NULL;
}

static struct err *copy_queues(struct dump *d, const struct tty_dump *m, int master,
			       struct tty_queue *q)
{
	bool is_packet = m->info->packet_mode;
	AUTO_FD slave = -1;
	struct err *e;

	TRY(open_slave(m, master, &slave));
	if (is_packet)
		TRY(set_packet(master, false));
	e = take_and_put(d, master, slave, q);
	return is_packet ? err_join(e, set_packet(master, true)) : e;
}

static struct err *dump_pair(struct dump *d, const struct tty_dump *m)
{
	struct tty_queue q;
	AUTO_FD master = -1;
	struct err *e;
	int flags;

	TRY(fd_probe_getfd(m->probe, &master));
	flags = fcntl(master, F_GETFL);
	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK))
		return err_sys(errno, "cannot change the flags of the master");
	e = copy_queues(d, m, master, &q);
	if (fcntl(master, F_SETFL, flags))
		e = err_join(e, err_sys(errno, "cannot change the flags of the master back"));
	TRY(e);
	TRY(write_one(d, m->info->id, &q.to_master, false));
	return write_one(d, m->index << 1, &q.to_slave, q.is_odd);
}

struct err *tty_data_write(struct dump *d)
{
	const struct dump_files *df = d->files->dump;

	for (size_t i = 0; i < df->nr_tty_list; i++) {
		const struct tty_dump *m = df->tty_list[i];

		/* To open a slave that nobody has opened would change what its master is told. */
		if (m->is_master && !m->is_alone)
			TRY(err_context(dump_pair(d, m), "terminal %u, fd %d of task %d", m->index,
					m->probe->fd, m->probe->task->host_pid));
	}
	return NULL;
}
