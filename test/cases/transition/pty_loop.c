/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two processes talk over a raw terminal in both directions; every byte is checked, so that one lost, doubled or out
 * of order shows, wherever they are stopped.  The window size changes all the time.
 */
/* busy: it changes all the time */
#include "pty.h"

#include <signal.h>

static int master, slave;
static volatile sig_atomic_t sizes;

static void note(int sig)
{
	(void)sig;
	sizes++;
}

/* Sends back what it gets, until the master is closed. */
static void mirror(void *arg)
{
	unsigned char buf[701];
	ssize_t n;

	(void)arg;
	CASE_SYS(close(master));
	CASE_SYS(setsid());
	CASE_SYS(ioctl(slave, TIOCSCTTY, 0));
	signal(SIGHUP, SIG_IGN);
	sigaction(SIGWINCH, &(struct sigaction){ .sa_handler = note, .sa_flags = SA_RESTART },
		  NULL);
	case_here();
	while ((n = read(slave, buf, sizeof(buf))) > 0)
		for (ssize_t done = 0, k; done < n; done += k)
			k = CASE_SYS(write(slave, buf + done, n - done));
	CASE_CHECK(sizes, "no SIGWINCH");
}

static void set_size(unsigned round)
{
	struct winsize ws = { .ws_row = round % 50 + 1, .ws_col = 80 }, is;

	CASE_SYS(ioctl(master, TIOCGWINSZ, &is));
	CASE_CHECK(!round || is.ws_row == (round - 1) % 50 + 1, "%u rows", is.ws_row);
	CASE_SYS(ioctl(master, TIOCSWINSZ, &ws));
}

int main(void)
{
	unsigned sent = 0, got = 0;
	unsigned char buf[1000];
	bool said = false;
	pid_t pid;

	master = pty_master();
	slave = pty_slave(master, O_RDWR);
	pty_raw(slave);
	pid = case_fork(mirror, NULL);
	CASE_SYS(close(slave));
	case_wait_here(1);
	for (unsigned round = 0; !case_go() || round < 200; round++) {
		size_t len = round * 37 % sizeof(buf) + 1;
		ssize_t n;

		set_size(round);
		/* Never more on the way than the buffers take. */
		for (size_t i = 0; i < len; i++)
			buf[i] = sent++ % 251;
		for (size_t done = 0; done < len; done += n)
			n = CASE_SYS(write(master, buf + done, len - done));
		while (sent - got > 1500) {
			n = CASE_SYS(read(master, buf, sizeof(buf)));
			for (ssize_t i = 0; i < n; i++, got++)
				CASE_CHECK(buf[i] == got % 251, "byte %u is %u", got, buf[i]);
		}
		if (!said && got > 20000) {
			case_say_ready();
			said = true;
		}
	}
	while (got < sent) {
		ssize_t n = CASE_SYS(read(master, buf, sizeof(buf)));

		for (ssize_t i = 0; i < n; i++, got++)
			CASE_CHECK(buf[i] == got % 251, "byte %u is %u", got, buf[i]);
	}
	CASE_SYS(close(master));
	case_join(pid);
	return case_pass();
}
