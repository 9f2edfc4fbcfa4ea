/* SPDX-License-Identifier: GPL-2.0-only */
/* poll() on a listener and on a connection; a client comes afterwards. */
/* peer: no-dump ends the call with EINTR */
#include "unix.h"

#include "blocked.h"

static int listener, quiet[2];
static struct pollfd polls[2];

static long call(void)
{
	return BLOCKED_CALL(SYS_poll, polls, 2, -1);
}

static void wake(void)
{
	unix_client(SOCK_STREAM, "sock");
}

int main(void)
{
	listener = unix_listener(SOCK_STREAM, "sock", 2);
	CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, quiet));
	polls[0] = (struct pollfd){ listener, POLLIN, 0 };
	polls[1] = (struct pollfd){ quiet[0], POLLIN, 0 };
	CASE_EQ(blocked_main(call, SYS_poll, wake, 1), 0);
	CASE_EQ(polls[0].revents, POLLIN);
	CASE_EQ(polls[1].revents, 0);
	return case_pass();
}
