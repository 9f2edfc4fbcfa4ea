/* SPDX-License-Identifier: GPL-2.0-only */
/* epoll_wait() without a limit. */
/* peer: no wrong ends the call with EINTR */
#include "case.h"

#include <sys/epoll.h>
#include "blocked.h"

static int ends[2], epfd;

static long call(void)
{
	struct epoll_event ev;

	return BLOCKED_CALL(SYS_epoll_wait, epfd, &ev, 1, -1);
}

static void wake(void)
{
	CASE_EQ(write(ends[1], "x", 1), 1);
}

int main(void)
{
	struct epoll_event ev = { .events = EPOLLIN };

	CASE_SYS(pipe(ends));
	epfd = CASE_SYS(epoll_create1(0));
	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &ev));
	return blocked_main(call, SYS_epoll_wait, wake, 1);
}
