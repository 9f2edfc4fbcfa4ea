/* SPDX-License-Identifier: GPL-2.0-only */
/* Pseudo-terminals of cases: making them, what is known about one, and bytes through it. */
#ifndef TEST_PTY_H
#define TEST_PTY_H

#include "case.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

struct pty_state {
	unsigned number;
	struct termios modes, locked;
	struct winsize size;
	int lock, packet, exclusive;
	pid_t sid, pgrp;
	short events; /* of the master */
	int unread;
};

static inline int pty_master(void)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY), off = 0;

	if (fd < 0)
		case_skip("/dev/ptmx: %s", strerror(errno));
	CASE_SYS(ioctl(fd, TIOCSPTLCK, &off));
	return fd;
}

static inline unsigned pty_number(int master)
{
	unsigned number;

	CASE_SYS(ioctl(master, TIOCGPTN, &number));
	return number;
}

static inline int pty_slave(int master, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/pts/%u", pty_number(master));
	return CASE_SYS(open(path, flags | O_NOCTTY));
}

static inline void pty_raw(int fd)
{
	struct termios t;

	CASE_SYS(tcgetattr(fd, &t));
	cfmakeraw(&t);
	CASE_SYS(tcsetattr(fd, TCSANOW, &t));
}

static inline short pty_events(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	CASE_SYS(poll(&pfd, 1, 0));
	return pfd.revents;
}

/* All that a master tells. */
static inline struct pty_state pty_state(int master)
{
	struct pty_state s;

	memset(&s, 0, sizeof(s));
	s.number = pty_number(master);
	CASE_SYS(tcgetattr(master, &s.modes));
	CASE_SYS(ioctl(master, TIOCGLCKTRMIOS, &s.locked));
	CASE_SYS(ioctl(master, TIOCGWINSZ, &s.size));
	CASE_SYS(ioctl(master, TIOCGPTLCK, &s.lock));
	CASE_SYS(ioctl(master, TIOCGPKT, &s.packet));
	CASE_SYS(ioctl(master, TIOCGEXCL, &s.exclusive));
	if (ioctl(master, TIOCGSID, &s.sid))
		s.sid = 0;
	if (ioctl(master, TIOCGPGRP, &s.pgrp))
		s.pgrp = 0;
	s.events = pty_events(master);
	CASE_SYS(ioctl(master, FIONREAD, &s.unread));
	return s;
}

static inline void pty_same(int master, const struct pty_state *was)
{
	struct pty_state is = pty_state(master);

	CASE_EQ(is.number, was->number);
	CASE_EQ(is.modes.c_iflag, was->modes.c_iflag);
	CASE_EQ(is.modes.c_oflag, was->modes.c_oflag);
	CASE_EQ(is.modes.c_cflag, was->modes.c_cflag);
	CASE_EQ(is.modes.c_lflag, was->modes.c_lflag);
	CASE_CHECK(!memcmp(is.modes.c_cc, was->modes.c_cc, sizeof(is.modes.c_cc)),
		   "other characters (c_cc)");
	CASE_CHECK(!memcmp(&is.locked, &was->locked, sizeof(is.locked)), "other locked modes");
	CASE_CHECK(!memcmp(&is.size, &was->size, sizeof(is.size)), "another window size: %ux%u",
		   is.size.ws_col, is.size.ws_row);
	CASE_EQ(is.lock, was->lock);
	CASE_EQ(is.packet, was->packet);
	CASE_EQ(is.exclusive, was->exclusive);
	CASE_EQ(is.sid, was->sid);
	CASE_EQ(is.pgrp, was->pgrp);
	CASE_EQ(is.events, was->events);
	CASE_EQ(is.unread, was->unread);
}

/* Writes @text into @from; @to must get @wanted, and nothing more. */
static inline void pty_pass(int from, int to, const char *text, const char *wanted)
{
	size_t len = strlen(wanted), done = 0;
	char buf[256];

	CASE_EQ(CASE_SYS(write(from, text, strlen(text))), strlen(text));
	while (done < len)
		done += CASE_SYS(read(to, buf + done, sizeof(buf) - done));
	CASE_CHECK(done == len && !memcmp(buf, wanted, len), "\"%.*s\" instead of \"%s\"",
		   (int)done, buf, wanted);
}

/* Reads @len bytes that wait already and compares. */
static inline void pty_expect(int fd, const char *wanted, size_t len)
{
	char buf[256];
	ssize_t n;

	CASE_CHECK(pty_events(fd) & POLLIN, "nothing to read");
	n = CASE_SYS(read(fd, buf, sizeof(buf)));
	CASE_CHECK(n == (ssize_t)len && !memcmp(buf, wanted, len), "\"%.*s\" instead of \"%.*s\"",
		   (int)n, buf, (int)len, wanted);
}

#endif
