/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two processes talk over a pair of stream sockets in both directions at once, in pieces of all sizes; each byte is
 * checked, so that one lost, doubled or out of order shows.
 */
/* busy: it changes all the time */
#include "unix.h"

static int ends[2];

struct side {
	int fd;
	unsigned out, in;
	bool at_end; /* the other side has heard of the end first */
};

static void talk(struct side *s)
{
	unsigned char buf[5003];
	size_t len = s->out * 37 % sizeof(buf) + 1;
	ssize_t n;

	for (size_t i = 0; i < len; i++)
		buf[i] = (unsigned char)((s->out + i) % 251);
	n = send(s->fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		s->out += (unsigned)n;
	else
		CASE_EQ(errno, EAGAIN);
	n = recv(s->fd, buf, s->in * 41 % sizeof(buf) + 1, MSG_DONTWAIT);
	for (ssize_t i = 0; i < n; i++, s->in++)
		CASE_CHECK(buf[i] == s->in % 251, "byte %u of the stream is %u", s->in, buf[i]);
	s->at_end = !n;
	CASE_CHECK(n >= 0 || errno == EAGAIN, "recv gave %zd: %s", n, strerror(errno));
}

/* Everything up to the end of file. */
static void drain(struct side *s)
{
	unsigned char c;

	CASE_SYS(shutdown(s->fd, SHUT_WR));
	while (CASE_SYS(recv(s->fd, &c, 1, 0)) == 1) {
		CASE_CHECK(c == s->in % 251, "byte %u of the stream is %u", s->in, c);
		s->in++;
	}
}

static void other(void *arg)
{
	struct side s = { .fd = ends[1] };

	(void)arg;
	close(ends[0]);
	while (!s.at_end && (!case_go() || s.out < 100000))
		talk(&s);
	drain(&s);
	CASE_SYS(dprintf(CASE_SYS(open("sums", O_WRONLY | O_CREAT, 0644)), "%u %u", s.out, s.in));
}

int main(void)
{
	struct side s;
	bool said = false;
	char sums[64];
	pid_t pid;

	CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	pid = case_fork(other, NULL);
	close(ends[1]);
	s = (struct side){ .fd = ends[0] };
	while (!s.at_end && (!case_go() || s.in < 100000)) {
		talk(&s);
		if (!said && s.in > 100000) {
			case_say_ready();
			said = true;
		}
	}
	drain(&s);
	case_join(pid);
	snprintf(sums, sizeof(sums), "%u %u", s.in, s.out);
	CASE_CHECK(!strcmp(case_read_file("sums"), sums), "%s bytes there, %s here",
		   case_read_file("sums"), sums);
	return case_pass();
}
