/* SPDX-License-Identifier: GPL-2.0-only */
/* A connection that waits to be accepted would be reset. */
/* refuse: cannot dump fd [0-9]+ .*: 2 connections wait to be accepted */
/* refuse: pass --skip-in-flight to drop them */
/* peer: no can dump it */
#include "inet.h"

int main(void)
{
	int listener = inet_bound("127.0.0.1", SOCK_STREAM, 0), clients[2];

	CASE_SYS(listen(listener, 3));
	/* The clients are in the tree as well, but their own refusal says something else. */
	for (int i = 0; i < 2; i++) {
		clients[i] = inet_socket("127.0.0.1", SOCK_STREAM, 0);
		inet_connect(clients[i], "127.0.0.1", inet_port(listener));
	}
	case_ready();
	for (int i = 0; i < 2; i++) {
		int fd = CASE_SYS(accept(listener, NULL, NULL));

		inet_say(clients[i], "still there");
		inet_hear(fd, "still there", NULL);
	}
	return case_pass();
}
