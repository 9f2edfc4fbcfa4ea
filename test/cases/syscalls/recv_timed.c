/* SPDX-License-Identifier: GPL-2.0-only */
/* recv() on a socket with a receive timeout that is not reached. */
/* peer: no wrong ends the call with EINTR */
#include "case.h"

#include <sys/socket.h>
#include <sys/time.h>
#include "blocked.h"

static int ends[2];

static long call(void)
{
	char c;

	return BLOCKED_CALL(SYS_recvfrom, ends[0], &c, 1, 0, NULL, NULL);
}

static void wake(void)
{
	CASE_EQ(write(ends[1], "x", 1), 1);
}

int main(void)
{
	struct timeval tv = { 1000, 0 };

	CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	CASE_SYS(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	return blocked_main(call, SYS_recvfrom, wake, 1);
}
