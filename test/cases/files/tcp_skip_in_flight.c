/* SPDX-License-Identifier: GPL-2.0-only */
/* With --skip-in-flight connections that wait to be accepted are dropped; their clients see a reset, others come in. */
/* dump-opts: --skip-in-flight */
/* not: nocr only a restore does so */
/* not: norst nothing is dropped in the tree that runs on */
/* not: stop nothing is dropped in the tree that runs on */
/* not: snaps nothing is dropped in the tree that runs on */
/* peer: no-dump asks for SO_PASSSEC, which kernels since 6.16 have for unix sockets only */
#include "inet.h"

int main(void)
{
	int listener = inet_bound("127.0.0.1", SOCK_STREAM, 0), client, server;

	CASE_SYS(listen(listener, 3));
	client = inet_socket("127.0.0.1", SOCK_STREAM, 0);
	inet_connect(client, "127.0.0.1", inet_port(listener));
	CASE_SYS(close(client));
	case_ready();
	inet_set(listener, SOL_SOCKET, SO_REUSEADDR, 1);
	CASE_SYS(fcntl(listener, F_SETFL, O_NONBLOCK));
	CASE_EQ(accept(listener, NULL, NULL), -1);
	CASE_EQ(errno, EAGAIN);
	inet_pair(listener, "127.0.0.1", &client, &server);
	inet_say(client, "new");
	inet_hear(server, "new", NULL);
	return case_pass();
}
