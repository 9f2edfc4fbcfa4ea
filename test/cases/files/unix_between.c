/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sockets between processes: a listener in one, clients in others, ends that several have, a logger with a
 * sender in each child.  All talk afterwards, and ends of file come when the last copy is closed.
 */
#include "unix.h"

enum { CHILDREN = 5 };

static int ends[CHILDREN][2];

static void child(void *number)
{
	int nr = (int)(intptr_t)number, log, client;
	char text[32];

	for (int i = 0; i <= nr; i++)
		close(ends[i][0]);
	log = unix_client(SOCK_DGRAM, "log");
	client = unix_client(SOCK_STREAM, "server");
	unix_say(log, "early");
	snprintf(text, sizeof(text), "child %d", nr);
	unix_say(client, text);
	case_here();
	case_wait_go();
	unix_say(ends[nr][1], text);
	unix_say(log, text);
	CASE_EQ(send(client, " goes on", 8, 0), 8);
	/* Waits for the answer. */
	CASE_EQ(recv(client, text, sizeof(text), 0), 6);
}

static void answer(int fd)
{
	char text[64] = "";
	size_t len = 0;

	while (!strstr(text, " goes on"))
		len += (size_t)CASE_SYS(recv(fd, text + len, sizeof(text) - 1 - len, 0));
	CASE_CHECK(!strncmp(text, "child ", 6), "\"%s\" came from a client", text);
	CASE_EQ(send(fd, "answer", 6, 0), 6);
}

static void wait_for(int fd, const char *start)
{
	char text[32] = "";

	CASE_CHECK(recv(fd, text, sizeof(text) - 1, 0) > 0, "nothing came");
	CASE_CHECK(!strncmp(text, start, strlen(start)), "\"%s\" came, not \"%s\"", text, start);
}

int main(void)
{
	int server = unix_listener(SOCK_STREAM, "server", CHILDREN);
	int log = unix_bound(SOCK_DGRAM, "log"), accepted[CHILDREN];
	pid_t pids[CHILDREN];
	char c;

	for (int i = 0; i < CHILDREN; i++) {
		CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]));
		pids[i] = case_fork(child, (void *)(intptr_t)i);
		accepted[i] = CASE_SYS(accept(server, NULL, NULL));
	}
	case_wait_here(CHILDREN);
	for (int i = 0; i < CHILDREN; i++)
		close(ends[i][1]);
	case_ready();
	for (int i = 0; i < CHILDREN; i++)
		wait_for(log, "early");
	for (int i = 0; i < CHILDREN; i++)
		wait_for(log, "child ");
	for (int i = 0; i < CHILDREN; i++) {
		wait_for(ends[i][0], "child ");
		answer(accepted[i]);
	}
	for (int i = 0; i < CHILDREN; i++)
		case_join(pids[i]);
	for (int i = 0; i < CHILDREN; i++) {
		CASE_EQ(recv(ends[i][0], &c, 1, 0), 0);
		CASE_EQ(recv(accepted[i], &c, 1, 0), 0);
	}
	return case_pass();
}
