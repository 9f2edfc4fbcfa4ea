/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP sockets without a connection: new, bound, and one whose connection has ended on both sides. */
/* peer: no-dump asks for SO_PASSSEC, which kernels since 6.16 have for unix sockets only */
#include "inet.h"

#include <netinet/tcp.h>

int main(void)
{
	int fresh = inet_socket("127.0.0.1", SOCK_STREAM, 0);
	int bound = inet_bound("127.0.0.1", SOCK_STREAM, 0);
	int bound6 = inet_bound("::1", SOCK_STREAM, 0);
	int listener = inet_bound("127.0.0.1", SOCK_STREAM, 0);
	int ended, other, client, server;
	struct linger reset = { 1, 0 };
	struct inet_name names[2] = { inet_own(bound), inet_own(bound6) }, now;

	inet_set(fresh, IPPROTO_TCP, TCP_NODELAY, 1);
	CASE_SYS(listen(listener, 4));
	/* The reset comes first and is read as an error; what is left is a socket at its end. */
	inet_pair(listener, "127.0.0.1", &ended, &other);
	CASE_SYS(setsockopt(other, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
	CASE_SYS(close(other));
	inet_silent(ended, ECONNRESET);
	inet_silent(ended, 0);
	case_ready();
	inet_silent(ended, 0);
	CASE_EQ(send(ended, "x", 1, MSG_NOSIGNAL), -1);
	CASE_EQ(errno, EPIPE);
	CASE_EQ(inet_peer(ended).len, 0);
	inet_silent(fresh, ENOTCONN);
	CASE_EQ(inet_get(fresh, IPPROTO_TCP, TCP_NODELAY), 1);
	CASE_EQ(inet_get(bound, IPPROTO_TCP, TCP_NODELAY), 0);
	now = inet_own(bound);
	inet_same(&now, &names[0], "the IPv4 address");
	now = inet_own(bound6);
	inet_same(&now, &names[1], "the IPv6 address");
	/* They go on to whatever they were meant for. */
	inet_connect(fresh, "127.0.0.1", inet_port(listener));
	CASE_SYS(close(accept(listener, NULL, NULL)));
	CASE_SYS(listen(bound, 1));
	inet_pair(bound, "127.0.0.1", &client, &server);
	inet_say(client, "through");
	inet_hear(server, "through", NULL);
	return case_pass();
}
