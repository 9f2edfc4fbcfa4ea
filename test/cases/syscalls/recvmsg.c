/* SPDX-License-Identifier: GPL-2.0-only */
/* recvmsg() on a socket without a limit. */
#include "case.h"

#include <sys/socket.h>
#include "blocked.h"

static int ends[2];

static long call(void)
{
	char c;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return BLOCKED_CALL(SYS_recvmsg, ends[0], &msg, 0);
}

static void wake(void)
{
	CASE_EQ(write(ends[1], "x", 1), 1);
}

int main(void)
{
	CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	return blocked_main(call, SYS_recvmsg, wake, 1);
}
