/* SPDX-License-Identifier: GPL-2.0-only */
/* epoll_pwait() with a limit and a signal mask. */
/* peer: no wrong ends the call with EINTR */
/* differs: SigBlk a waiting thread shows the mask of the call */
#include "case.h"

#include <signal.h>
#include <sys/epoll.h>
#include "blocked.h"

static int ends[2], epfd;

static long call(void)
{
	struct epoll_event ev;
	uint64_t mask = 1ULL << (SIGUSR1 - 1);

	return BLOCKED_CALL(SYS_epoll_pwait, epfd, &ev, 1, 1000000, &mask, 8);
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
	return blocked_main(call, SYS_epoll_pwait, wake, 1);
}
