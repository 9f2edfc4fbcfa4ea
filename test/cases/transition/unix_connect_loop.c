/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients connect, talk and close in a loop.  The server speaks first: what a client has sent before it is accepted
 * could not be dumped.  No connection fails, no answer is missing.
 */
/* busy: it changes all the time */
#include "unix.h"

enum { CLIENTS = 3 };

static void client(void *arg)
{
	const char *name = (intptr_t)arg % 2 ? "server" : "@connect loop";
	char text[32], back[32];

	for (unsigned round = 0; !case_go() || round < 30; round++) {
		int fd = unix_client(SOCK_SEQPACKET, name);
		size_t len = (size_t)snprintf(text, sizeof(text), "%d round %u", (int)(intptr_t)arg,
					      round);

		CASE_EQ(recv(fd, back, sizeof(back), 0), 5);
		CASE_EQ(send(fd, text, len, MSG_NOSIGNAL), len);
		CASE_EQ(recv(fd, back, sizeof(back), 0), len);
		CASE_CHECK(!memcmp(text, back, len), "%.*s came back for %s", (int)len, back, text);
		CASE_SYS(close(fd));
	}
}

static void serve(int listener)
{
	char text[32];
	int fd = accept(listener, NULL, NULL);
	ssize_t n;

	if (fd < 0)
		return;
	CASE_EQ(send(fd, "hello", 5, MSG_NOSIGNAL), 5);
	n = CASE_SYS(recv(fd, text, sizeof(text), 0));
	CASE_EQ(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
	CASE_EQ(recv(fd, text, sizeof(text), 0), 0);
	CASE_SYS(close(fd));
}

static void server(void *arg)
{
	int listeners[2] = { unix_listener(SOCK_SEQPACKET, "server", 5),
			     unix_listener(SOCK_SEQPACKET, "@connect loop", 5) };
	struct pollfd polls[2] = { { listeners[0], POLLIN, 0 }, { listeners[1], POLLIN, 0 } };

	(void)arg;
	case_here();
	while (access("end", F_OK))
		if (CASE_SYS(poll(polls, 2, 50)) > 0)
			for (int i = 0; i < 2; i++)
				if (polls[i].revents)
					serve(listeners[i]);
}

int main(void)
{
	pid_t pids[CLIENTS], pid = case_fork(server, NULL);

	case_wait_here(1);
	for (int i = 0; i < CLIENTS; i++)
		pids[i] = case_fork(client, (void *)(intptr_t)i);
	case_sleep_ms(20);
	case_say_ready();
	for (int i = 0; i < CLIENTS; i++)
		case_join(pids[i]);
	case_write_file("end", "");
	case_join(pid);
	return case_pass();
}
