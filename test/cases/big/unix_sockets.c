/* SPDX-License-Identifier: GPL-2.0-only */
/* Very many sockets: pairs with a message each that a child shares, and clients of one server and of one logger. */
/* budget: 60s */
#include "unix.h"

enum { MAX = 20000 };

static int pairs[MAX][2], nr;

static void child(void *arg)
{
	(void)arg;
	for (int i = 0; i < nr; i++)
		close(pairs[i][0]);
	case_here();
	case_wait_go();
	for (int i = 0; i < nr; i++)
		unix_hear(pairs[i][1], "hello");
	for (int i = 0; i < nr; i++)
		unix_say(pairs[i][1], "back");
	case_here();
}

int main(void)
{
	const char *text = getenv("CASE_DESCRIPTORS");
	int server = unix_listener(SOCK_STREAM, "server", 5), log = unix_bound(SOCK_DGRAM, "log");
	int clients[MAX / 4], accepted[MAX / 4], senders[MAX / 4];
	pid_t pid;

	nr = (text ? atoi(text) : 2000) / 5;
	if (nr > MAX / 4)
		nr = MAX / 4;
	for (int i = 0; i < nr; i++) {
		CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]));
		unix_say(pairs[i][0], "hello");
		clients[i] = unix_client(SOCK_STREAM, "server");
		accepted[i] = CASE_SYS(accept(server, NULL, NULL));
		senders[i] = unix_client(SOCK_DGRAM, "log");
	}
	pid = case_fork(child, NULL);
	case_wait_here(1);
	for (int i = 0; i < nr; i++)
		close(pairs[i][1]);
	case_ready();
	case_wait_here(2);
	for (int i = 0; i < nr; i++) {
		unix_hear(pairs[i][0], "back");
		unix_say(clients[i], "to server");
		unix_hear(accepted[i], "to server");
		unix_say(senders[i], "to log");
		unix_hear(log, "to log");
	}
	case_join(pid);
	return case_pass();
}
