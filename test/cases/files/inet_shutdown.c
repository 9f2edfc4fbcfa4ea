/* SPDX-License-Identifier: GPL-2.0-only */
/* UDP sockets that are shut down, one way or both. */
/* peer: no-dump asks for SO_PASSSEC, which kernels since 6.16 have for unix sockets only */
#include "inet.h"

static int one_way(const char *addr, int to, int how)
{
	int fd = inet_socket(addr, SOCK_DGRAM, 0);

	inet_connect(fd, addr, to);
	CASE_SYS(shutdown(fd, how));
	return fd;
}

static int events(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDHUP };

	CASE_SYS(poll(&p, 1, 0));
	return p.revents;
}

static void check(const int fd[3], int heard_by)
{
	inet_say(fd[0], "sent");
	inet_hear(heard_by, "sent", NULL);
	CASE_EQ(events(fd[0]), POLLIN | POLLRDHUP);
	CASE_EQ(events(fd[1]), 0);
	inet_silent(fd[1], EAGAIN);
	CASE_EQ(send(fd[1], "x", 1, MSG_NOSIGNAL), -1);
	CASE_EQ(errno, EPIPE);
	CASE_EQ(events(fd[2]), POLLIN | POLLRDHUP | POLLHUP);
	CASE_EQ(send(fd[2], "x", 1, MSG_NOSIGNAL), -1);
	CASE_EQ(errno, EPIPE);
}

int main(void)
{
	static const char *const addrs[] = { "127.0.0.1", "::1" };
	int to[2], fds[2][3];

	for (int i = 0; i < 2; i++) {
		to[i] = inet_bound(addrs[i], SOCK_DGRAM, 0);
		for (int how = SHUT_RD; how <= SHUT_RDWR; how++)
			fds[i][how] = one_way(addrs[i], inet_port(to[i]), how);
	}
	check(fds[0], to[0]);
	case_ready();
	for (int i = 0; i < 2; i++)
		check(fds[i], to[i]);
	return case_pass();
}
