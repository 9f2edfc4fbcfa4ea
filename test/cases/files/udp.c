/* SPDX-License-Identifier: GPL-2.0-only */
/* UDP and UDP-Lite sockets of both families: without an address, bound, and connected to each other. */
/* peer: no-dump asks for SO_PASSSEC, which kernels since 6.16 have for unix sockets only */
#include "inet.h"

static const struct {
	const char *addr;
	int proto;
} kinds[] = {
	{ "127.0.0.1", IPPROTO_UDP },	     { "::1", IPPROTO_UDP },
	{ "::ffff:127.0.0.1", IPPROTO_UDP }, { "127.0.0.1", IPPROTO_UDPLITE },
	{ "::1", IPPROTO_UDPLITE },
};

struct set {
	int plain, bound, client, server;
	struct inet_name own[4], peer[4];
};

static struct set sets[CASE_NR(kinds)];

static int *member(struct set *s, size_t i)
{
	int *const all[] = { &s->plain, &s->bound, &s->client, &s->server };

	return all[i];
}

static void set_up(struct set *s, const char *addr, int proto)
{
	s->plain = inet_socket(addr, SOCK_DGRAM, proto);
	s->bound = inet_bound(addr, SOCK_DGRAM, proto);
	s->client = inet_socket(addr, SOCK_DGRAM, proto);
	s->server = inet_bound(addr, SOCK_DGRAM, proto);
	inet_connect(s->client, addr, inet_port(s->server));
	inet_connect(s->server, addr, inet_port(s->client));
	for (size_t i = 0; i < 4; i++) {
		s->own[i] = inet_own(*member(s, i));
		s->peer[i] = inet_peer(*member(s, i));
	}
}

static void check(struct set *s, const char *addr, int proto)
{
	struct inet_name from;

	for (size_t i = 0; i < 4; i++) {
		struct inet_name own = inet_own(*member(s, i)), peer = inet_peer(*member(s, i));

		inet_same(&own, &s->own[i], "the own address");
		inet_same(&peer, &s->peer[i], "the peer's address");
		CASE_EQ(inet_get(*member(s, i), SOL_SOCKET, SO_PROTOCOL), proto);
	}
	inet_say(s->client, "to server");
	inet_hear(s->server, "to server", &from);
	inet_same(&from, &s->own[2], "the sender's address");
	inet_say(s->server, "to client");
	inet_hear(s->client, "to client", NULL);
	/* A connected one takes from nobody else. */
	inet_say_to(s->plain, addr, inet_port(s->client), "stranger");
	inet_say_to(s->plain, addr, inet_port(s->bound), "to bound");
	inet_hear(s->bound, "to bound", NULL);
	inet_silent(s->client, EAGAIN);
}

int main(void)
{
	for (size_t i = 0; i < CASE_NR(kinds); i++)
		set_up(&sets[i], kinds[i].addr, kinds[i].proto);
	CASE_SYS(fcntl(sets[0].bound, F_SETFL, O_NONBLOCK));
	case_ready();
	CASE_EQ(fcntl(sets[0].bound, F_GETFL), O_RDWR | O_NONBLOCK);
	CASE_EQ(fcntl(sets[1].bound, F_GETFL), O_RDWR);
	for (size_t i = 0; i < CASE_NR(kinds); i++)
		check(&sets[i], kinds[i].addr, kinds[i].proto);
	return case_pass();
}
