/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections that are half closed, and those whose other end is gone, with data that nobody has read. */
/* peer: no does not keep the error that waits in a socket */
#include "unix.h"

static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };

struct pair {
	int wr[2], rd[2], both[2], gone, gone_empty, reset;
};

static struct pair pairs[CASE_NR(types)];
static int refused;

static void make(struct pair *p, int type)
{
	int ends[2];

	CASE_SYS(socketpair(AF_UNIX, type, 0, p->wr));
	unix_say(p->wr[0], "last words");
	CASE_SYS(shutdown(p->wr[0], SHUT_WR));
	CASE_SYS(socketpair(AF_UNIX, type, 0, p->rd));
	unix_say(p->rd[1], "unread");
	CASE_SYS(shutdown(p->rd[0], SHUT_RD));
	CASE_SYS(socketpair(AF_UNIX, type, 0, p->both));
	CASE_SYS(shutdown(p->both[1], SHUT_RDWR));
	CASE_SYS(socketpair(AF_UNIX, type, 0, ends));
	unix_say(ends[1], "legacy");
	CASE_SYS(close(ends[1]));
	p->gone = ends[0];
	CASE_SYS(socketpair(AF_UNIX, type, 0, ends));
	CASE_SYS(close(ends[1]));
	p->gone_empty = ends[0];
	CASE_SYS(socketpair(AF_UNIX, type, 0, ends));
	unix_say(ends[0], "never read");
	CASE_SYS(close(ends[1]));
	p->reset = ends[0];
}

static void check_sending(int fd, int error)
{
	CASE_EQ(send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT), -1);
	CASE_EQ(errno, error);
}

static void check(struct pair *p)
{
	int end_of_file = POLLIN | POLLRDHUP;

	CASE_EQ(unix_poll(p->wr[1]) & (POLLRDHUP | POLLHUP), POLLRDHUP);
	unix_hear(p->wr[1], "last words");
	unix_silent(p->wr[1], 0);
	check_sending(p->wr[0], EPIPE);
	unix_say(p->wr[1], "still works");
	unix_hear(p->wr[0], "still works");
	unix_hear(p->rd[0], "unread");
	check_sending(p->rd[1], EPIPE);
	unix_say(p->rd[0], "out");
	unix_hear(p->rd[1], "out");
	CASE_EQ(unix_poll(p->both[0]) & (POLLHUP | end_of_file), POLLHUP | end_of_file);
	unix_silent(p->both[0], 0);
	check_sending(p->both[0], EPIPE);
	CASE_EQ(unix_poll(p->gone) & POLLHUP, POLLHUP);
	unix_hear(p->gone, "legacy");
	unix_silent(p->gone, 0);
	check_sending(p->gone, EPIPE);
	unix_silent(p->gone_empty, 0);
	CASE_EQ(unix_poll(p->reset) & POLLERR, POLLERR);
	unix_silent(p->reset, ECONNRESET);
	unix_silent(p->reset, 0);
}

int main(void)
{
	int ends[2];

	for (size_t i = 0; i < CASE_NR(types); i++)
		make(&pairs[i], types[i]);
	CASE_SYS(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
	unix_say(ends[1], "one");
	unix_say(ends[1], "two");
	CASE_SYS(close(ends[1]));
	refused = ends[0];
	case_ready();
	for (size_t i = 0; i < CASE_NR(types); i++)
		check(&pairs[i]);
	unix_hear(refused, "one");
	unix_hear(refused, "two");
	unix_silent(refused, EAGAIN);
	check_sending(refused, ECONNREFUSED);
	check_sending(refused, ENOTCONN);
	return case_pass();
}
