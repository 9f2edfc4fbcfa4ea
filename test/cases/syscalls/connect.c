/* SPDX-License-Identifier: GPL-2.0-only */
/* connect() to a unix socket whose queue of connections is full. */
#include "unix.h"

#include "blocked.h"

static int listener, client;

static long call(void)
{
	struct sockaddr_un a;
	socklen_t len = unix_addr(&a, "sock");

	return BLOCKED_CALL(SYS_connect, client, &a, len);
}

static void wake(void)
{
	CASE_SYS(accept(listener, NULL, NULL));
	CASE_SYS(accept(listener, NULL, NULL));
}

int main(void)
{
	int first;

	listener = unix_listener(SOCK_STREAM, "sock", 0);
	first = unix_client(SOCK_STREAM, "sock");
	client = CASE_SYS(socket(AF_UNIX, SOCK_STREAM, 0));
	CASE_EQ(blocked_main(call, SYS_connect, wake, 0), 0);
	unix_check_names(client, "", "sock");
	unix_check_names(first, "", "sock");
	return case_pass();
}
