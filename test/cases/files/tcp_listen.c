/* SPDX-License-Identifier: GPL-2.0-only */
/* Listening TCP sockets: addresses, both families at one port or IPv6 alone, backlog, who shares a port. */
/* peer: no-dump asks for SO_PASSSEC, which kernels since 6.16 have for unix sockets only */
#include "inet.h"

#include <netinet/tcp.h>

static int v4, dual, only, only_v4, group[3];
static struct inet_name names[4];

/* As the kernel shows it: of a listener tcpi_sacked is the limit. */
static unsigned int backlog_of(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	CASE_SYS(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	CASE_EQ(info.tcpi_state, TCP_LISTEN);
	return info.tcpi_sacked;
}

static void try_it(int listener, const char *addr)
{
	int client, server;

	inet_pair(listener, addr, &client, &server);
	inet_say(client, "hello");
	inet_hear(server, "hello", NULL);
	CASE_SYS(close(client));
	CASE_SYS(close(server));
}

static void set_up(void)
{
	v4 = inet_bound("127.0.0.1", SOCK_STREAM, 0);
	CASE_SYS(listen(v4, 7));
	dual = inet_bound("::", SOCK_STREAM, 0);
	CASE_SYS(listen(dual, 3));
	/* The same port for each family. */
	only = inet_socket("::", SOCK_STREAM, 0);
	inet_set(only, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	inet_bind(only, "::", 0);
	only_v4 = inet_socket("0.0.0.0", SOCK_STREAM, 0);
	inet_bind(only_v4, "0.0.0.0", inet_port(only));
	CASE_SYS(listen(only, 1));
	CASE_SYS(listen(only_v4, 0));
	for (size_t i = 0; i < CASE_NR(group); i++) {
		group[i] = inet_socket("127.0.0.1", SOCK_STREAM, 0);
		inet_set(group[i], SOL_SOCKET, SO_REUSEPORT, 1);
		inet_bind(group[i], "127.0.0.1", i ? inet_port(group[0]) : 0);
		CASE_SYS(listen(group[i], 20));
	}
}

/* Many connections come to all of them. */
static void check_group(void)
{
	int taken[CASE_NR(group)] = { 0 };

	for (int i = 0; i < 60; i++) {
		int client = inet_socket("127.0.0.1", SOCK_STREAM, 0);
		struct pollfd p[CASE_NR(group)];

		inet_connect(client, "127.0.0.1", inet_port(group[0]));
		for (size_t k = 0; k < CASE_NR(group); k++)
			p[k] = (struct pollfd){ .fd = group[k], .events = POLLIN };
		CASE_EQ(poll(p, CASE_NR(group), case_wait_s() * 1000), 1);
		for (size_t k = 0; k < CASE_NR(group); k++)
			if (p[k].revents) {
				CASE_SYS(close(accept(group[k], NULL, NULL)));
				taken[k]++;
			}
		CASE_SYS(close(client));
	}
	for (size_t k = 0; k < CASE_NR(group); k++)
		CASE_CHECK(taken[k], "listener %zu got nothing", k);
}

int main(void)
{
	int *all[] = { &v4, &dual, &only, &only_v4 };

	set_up();
	try_it(v4, "127.0.0.1");
	for (size_t i = 0; i < CASE_NR(all); i++)
		names[i] = inet_own(*all[i]);
	case_ready();
	for (size_t i = 0; i < CASE_NR(all); i++) {
		struct inet_name now = inet_own(*all[i]);

		inet_same(&now, &names[i], "the address");
	}
	CASE_EQ(backlog_of(v4), 7);
	CASE_EQ(backlog_of(dual), 3);
	CASE_EQ(backlog_of(only), 1);
	CASE_EQ(backlog_of(only_v4), 0);
	CASE_EQ(backlog_of(group[2]), 20);
	CASE_EQ(inet_get(v4, SOL_SOCKET, SO_REUSEADDR), 0);
	CASE_EQ(inet_get(only, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	CASE_EQ(inet_get(dual, IPPROTO_IPV6, IPV6_V6ONLY), 0);
	try_it(v4, "127.0.0.1");
	try_it(dual, "::1");
	try_it(dual, "127.0.0.1");
	try_it(only, "::1");
	try_it(only_v4, "127.0.0.1");
	check_group();
	return case_pass();
}
