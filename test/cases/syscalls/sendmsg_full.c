/* SPDX-License-Identifier: GPL-2.0-only */
/* sendmsg() to a unix socket that can take no more: each message comes once. */
#include "unix.h"

#include "blocked.h"

static int ends[2], nr;

static long call(void)
{
	char text[] = "the last one";
	struct iovec iov = { text, strlen(text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return BLOCKED_CALL(SYS_sendmsg, ends[0], &msg, 0);
}

static void wake(void)
{
	char buf[16];

	for (int i = 0; i < nr; i++)
		CASE_EQ(recv(ends[1], buf, sizeof(buf), 0), 3);
	CASE_EQ(recv(ends[1], buf, sizeof(buf), 0), 12);
	CASE_CHECK(!memcmp(buf, "the last one", 12), "\"%.12s\" came", buf);
	unix_silent(ends[1], EAGAIN);
}

int main(void)
{
	CASE_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	unix_set(ends[0], SO_SNDBUF, 4608);
	while (send(ends[0], "one", 3, MSG_DONTWAIT) == 3)
		nr++;
	CASE_EQ(errno, EAGAIN);
	return blocked_main(call, SYS_sendmsg, wake, 12);
}
