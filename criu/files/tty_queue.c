// SPDX-License-Identifier: GPL-2.0-only
/*
 * What waits in the two buffers of a pseudo-terminal.  The kernel shows it to readers only, so it is read and put
 * back at once; nobody else uses the terminal meanwhile.
 *
 * What the slave is to read goes through its line discipline again when it is put back.  For that moment the
 * discipline leaves bytes alone, and echoes them: an echo tells that a byte has arrived, which nothing else does.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "files/tty_priv.h"

/* N_TTY_BUF_SIZE of drivers/tty/n_tty.c; a line longer than that is cut. */
enum { LDISC_SIZE = 4096, CHUNK = 512, WAIT_MS = 10000, MAX_COOKED = 3000 };

static struct err *failed(const char *what)
{
	return err_sys(errno, "cannot %s a pseudo-terminal", what);
}

static struct err *get_modes(const struct tty_queue *q, struct termios *t)
{
	return ioctl(q->master, TCGETS, t) ? failed("read the modes of") : NULL;
}

static struct err *set_modes(const struct tty_queue *q, const struct termios *t)
{
	return ioctl(q->master, TCSETS, t) ? failed("set the modes of") : NULL;
}

/* Waits for an event of a side; also makes the kernel hand over what is on its way there. */
static bool is_ready(int fd, short event, int wait_ms)
{
	struct pollfd pfd = { .fd = fd, .events = event };

	return poll(&pfd, 1, wait_ms) == 1 && pfd.revents & event;
}

/* One read of all that a call gives; *n_out is -1 when there is nothing. */
static struct err *read_some(const struct tty_queue *q, int fd, struct tty_bytes *b, ssize_t *n_out)
{
	uint8_t buf[LDISC_SIZE];

	*n_out = is_ready(fd, POLLIN, 0) ? read(fd, buf, sizeof(buf)) : -1;
	if (*n_out < 0)
		return NULL;
	for (ssize_t i = 0; i < *n_out; i++) {
		b->data = arena_grow(q->arena, b->data, b->len, sizeof(*b->data));
		b->data[b->len++] = buf[i];
	}
	return NULL;
}

static struct err *read_all(const struct tty_queue *q, int fd, struct tty_bytes *b)
{
	ssize_t n;

	do
		TRY(read_some(q, fd, b, &n));
	while (n > 0);
	return NULL;
}

static bool ends_line(const struct termios *t, uint8_t c)
{
	return c == '\n' || (c && (c == t->c_cc[VEOL] || c == t->c_cc[VEOL2]));
}

/* Is it a line that would be another one if its bytes were just typed again? */
static bool is_odd_line(const struct termios *t, const uint8_t *line, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++)
		if (ends_line(t, line[i]))
			return true;
	return !len || !ends_line(t, line[len - 1]);
}

/* Each read gives one line. */
static struct err *read_lines(struct tty_queue *q, const struct termios *t)
{
	struct tty_bytes *b = &q->to_slave;

	for (;;) {
		size_t start = b->len;
		ssize_t n;

		TRY(read_some(q, q->slave, b, &n));
		if (n < 0)
			return NULL;
		b->lines = arena_grow(q->arena, b->lines, b->nr_lines, sizeof(*b->lines));
		b->lines[b->nr_lines++] = (uint32_t)n;
		q->is_odd |= is_odd_line(t, b->data + start, (size_t)n);
	}
}

/* The rest of a line that is still typed is hidden from readers of lines; @t is what is to be again. */
static struct err *read_rest(struct tty_queue *q, const struct termios *t)
{
	struct termios raw = *t;
	struct err *e;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	TRY(set_modes(q, &raw));
	e = read_all(q, q->slave, &q->to_slave);
	return err_join(e, set_modes(q, t));
}

/* Nothing is done to what such a terminal reads. */
static bool is_raw(const struct termios *t)
{
	return !(t->c_iflag & ~(tcflag_t)(IUTF8 | IMAXBEL | IGNPAR)) &&
	       !(t->c_lflag & (ICANON | ECHO | ECHONL | ISIG | EXTPROC));
}

/* More would not fit in again, because it is longer on its way through a discipline that changes it. */
static struct err *check_amount(const struct tty_queue *q, const struct termios *t)
{
	int unread = 0;

	if (is_raw(t) || ioctl(q->slave, FIONREAD, &unread) || unread < MAX_COOKED)
		return NULL;
	return err_hint(err_new(ERR_UNSUPPORTED, "its slave has not read %d bytes of input",
				unread),
			"let the program read some of it, then dump again");
}

struct err *tty_queue_take(struct tty_queue *q)
{
	struct termios t;

	TRY(get_modes(q, &t));
	TRY(check_amount(q, &t));
	TRY(read_all(q, q->master, &q->to_master));
	if (t.c_lflag & ICANON)
		TRY(read_lines(q, &t));
	TRY(read_rest(q, &t));
	/* Room in the buffer may have let echoes come. */
	return read_all(q, q->master, &q->to_master);
}

static struct err *put(int fd, const uint8_t *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n;

		if (!is_ready(fd, POLLOUT, WAIT_MS))
			return err_new(ERR_SYS, "only %zu of %zu bytes fit in", done, len);
		n = write(fd, data + done, len - done);
		if (n < 0 && errno != EAGAIN)
			return failed("fill");
		if (n > 0)
			done += (size_t)n;
	}
	return NULL;
}

static struct err *eat_echo(const struct tty_queue *q, size_t len)
{
	uint8_t buf[CHUNK];

	while (len) {
		ssize_t n;

		if (!is_ready(q->master, POLLIN, WAIT_MS))
			return err_new(ERR_SYS, "no echo of %zu bytes", len);
		n = read(q->master, buf, MIN(len, sizeof(buf)));
		if (n <= 0)
			return failed("get the echo of");
		len -= (size_t)n;
	}
	return NULL;
}

/* Bytes that stand for something while lines are put in, because none of these has them. */
struct marks {
	uint8_t eof, next, erase, any;
};

static bool find_marks(const struct tty_queue *q, const struct termios *t, struct marks *m)
{
	const struct tty_bytes *b = &q->to_slave;
	uint8_t *const places[] = { &m->eof, &m->next, &m->erase, &m->any };
	size_t nr = 0;

	for (unsigned c = 1; c < 128 && nr < ARRAY_SIZE(places); c++)
		if (!ends_line(t, (uint8_t)c) && (!b->len || !memchr(b->data, (int)c, b->len)))
			*places[nr++] = (uint8_t)c;
	return nr == ARRAY_SIZE(places);
}

static struct err *put_echoed(const struct tty_queue *q, const uint8_t *data, size_t len)
{
	for (size_t done = 0; done < len; done += CHUNK) {
		size_t n = len - done < CHUNK ? len - done : CHUNK;

		TRY(put(q->master, data + done, n));
		TRY(eat_echo(q, n));
	}
	return NULL;
}

/* Newlines inside are quoted (VLNEXT); a line that has none at its end was ended by an end of file. */
static struct err *put_line(const struct tty_queue *q, const struct termios *t,
			    const struct marks *m, const uint8_t *line, size_t len)
{
	bool has_end = len && ends_line(t, line[len - 1]);

	for (size_t i = 0; i < len; i++) {
		if (ends_line(t, line[i]) && i + 1 < len)
			TRY(put(q->master, &m->next, 1));
		TRY(put_echoed(q, line + i, 1));
	}
	return has_end ? NULL : put(q->master, &m->eof, 1);
}

/* An end of file has no echo, but what comes after it has; that is taken away again. */
static struct err *put_odd(const struct tty_queue *q, const struct termios *t,
			   const struct marks *m)
{
	const struct tty_bytes *b = &q->to_slave;
	const uint8_t nothing[] = { m->any, m->erase };
	size_t at = 0;

	for (size_t i = 0; i < b->nr_lines; at += b->lines[i++])
		TRY(put_line(q, t, m, b->data + at, b->lines[i]));
	TRY(put_echoed(q, b->data + at, b->len - at));
	return put_echoed(q, nothing, sizeof(nothing));
}

/* The discipline takes each byte as it is; lines end where they did. */
static struct termios quiet(const struct termios *t, const struct marks *marks)
{
	struct termios m = *t;

	m.c_iflag = m.c_oflag = 0;
	m.c_lflag = (t->c_lflag & (ICANON | EXTPROC | IEXTEN)) | ECHO;
	memset(m.c_cc, 0, sizeof(m.c_cc));
	m.c_cc[VMIN] = 1;
	m.c_cc[VEOL] = t->c_cc[VEOL];
	m.c_cc[VEOL2] = t->c_cc[VEOL2];
	if (!marks)
		return m;
	m.c_lflag |= IEXTEN;
	m.c_cc[VEOF] = marks->eof;
	m.c_cc[VLNEXT] = marks->next;
	m.c_cc[VERASE] = marks->erase;
	return m;
}

static struct err *put_to_slave(const struct tty_queue *q, const struct termios *t)
{
	struct marks marks = { 0 };
	bool has_marks = q->is_odd && find_marks(q, t, &marks);
	struct termios m = quiet(t, has_marks ? &marks : NULL);

	if (!q->to_slave.len && !q->to_slave.nr_lines)
		return NULL;
	if (is_raw(t))
		return put(q->master, q->to_slave.data, q->to_slave.len);
	TRY(set_modes(q, &m));
	if (has_marks)
		return put_odd(q, t, &marks);
	TRY(put_echoed(q, q->to_slave.data, q->to_slave.len));
	if (!q->is_odd)
		return NULL;
	return err_new(ERR_UNSUPPORTED,
		       "its lines have an end of file (^D) and all ASCII characters");
}

static struct err *put_to_master(const struct tty_queue *q, const struct termios *t)
{
	struct termios m = *t;

	if (!q->to_master.len)
		return NULL;
	m.c_oflag &= ~(tcflag_t)OPOST;
	TRY(set_modes(q, &m));
	return put(q->slave, q->to_master.data, q->to_master.len);
}

struct err *tty_queue_put(const struct tty_queue *q)
{
	struct termios t;
	struct err *e;

	TRY(get_modes(q, &t));
	/* The echoes come first, while nothing else is in the way. */
	e = put_to_slave(q, &t);
	if (!e)
		e = put_to_master(q, &t);
	if (!q->to_slave.len && !q->to_slave.nr_lines && !q->to_master.len)
		return e;
	return err_join(e, set_modes(q, &t));
}
