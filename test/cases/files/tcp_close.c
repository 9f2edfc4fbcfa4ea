/* SPDX-License-Identifier: GPL-2.0-only */
/* With --tcp-close connections come back as closed sockets, with their options; listeners go on. */
/* opts: --tcp-close */
/* not: nocr only a restore does so */
/* not: norst the connections of the tree that runs on are not closed */
/* not: stop the connections of the tree that runs on are not closed */
/* not: snaps the connections of the tree that runs on are not closed */
/* peer: no-dump asks for SO_PASSSEC, which kernels since 6.16 have for unix sockets only */
#include "inet.h"

#include <netinet/tcp.h>

static const char *const addrs[] = { "127.0.0.1", "::1" };

struct set {
	int listener, client, server, half, half_server;
};

static struct set sets[CASE_NR(addrs)];

static void check_closed(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CASE_SYS(poll(&p, 1, 0));
	CASE_EQ(p.revents, POLLIN | POLLHUP);
	inet_silent(fd, 0);
	CASE_EQ(send(fd, "x", 1, MSG_NOSIGNAL), -1);
	CASE_EQ(errno, EPIPE);
	CASE_EQ(inet_peer(fd).len, 0);
}

static void set_up(struct set *s, const char *addr)
{
	s->listener = inet_bound(addr, SOCK_STREAM, 0);
	CASE_SYS(listen(s->listener, 3));
	inet_pair(s->listener, addr, &s->client, &s->server);
	inet_pair(s->listener, addr, &s->half, &s->half_server);
	CASE_SYS(shutdown(s->half, SHUT_WR));
	inet_say(s->client, "never read");
	inet_set(s->client, IPPROTO_TCP, TCP_NODELAY, 1);
	inet_set(s->client, IPPROTO_TCP, TCP_KEEPIDLE, 88);
	inet_set(s->server, SOL_SOCKET, SO_KEEPALIVE, 1);
}

static void check(struct set *s, const char *addr)
{
	int client, server;

	check_closed(s->client);
	check_closed(s->server);
	check_closed(s->half);
	check_closed(s->half_server);
	CASE_EQ(inet_get(s->client, IPPROTO_TCP, TCP_NODELAY), 1);
	CASE_EQ(inet_get(s->client, IPPROTO_TCP, TCP_KEEPIDLE), 88);
	CASE_EQ(inet_get(s->client, SOL_SOCKET, SO_KEEPALIVE), 0);
	CASE_EQ(inet_get(s->server, SOL_SOCKET, SO_KEEPALIVE), 1);
	CASE_EQ(inet_get(s->listener, SOL_SOCKET, SO_REUSEPORT), 0);
	inet_pair(s->listener, addr, &client, &server);
	inet_say(client, "new");
	inet_hear(server, "new", NULL);
}

int main(void)
{
	for (size_t i = 0; i < CASE_NR(addrs); i++)
		set_up(&sets[i], addrs[i]);
	case_ready();
	for (size_t i = 0; i < CASE_NR(addrs); i++)
		check(&sets[i], addrs[i]);
	return case_pass();
}
