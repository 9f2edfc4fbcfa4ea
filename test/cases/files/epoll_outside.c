/* SPDX-License-Identifier: GPL-2.0-only */
/* An epoll still watches a file that only a process outside of the tree has open: that is refused. */
/* refuse: watches fd [0-9]+, which is closed but open somewhere outside */
/* peer: no version 4.1 cannot tell */
#include "case.h"

#include <sys/epoll.h>

int main(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int p[2], epfd = CASE_SYS(epoll_create1(0));
	pid_t pid;

	CASE_SYS(pipe(p));
	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_ADD, p[0], &ev));
	pid = CASE_SYS(fork());
	if (!pid) {
		/* Its child loses its parent, and with it the tree. */
		pid = CASE_SYS(fork());
		if (!pid) {
			case_here();
			case_wait_go();
		}
		_exit(0);
	}
	case_join(pid);
	case_wait_here(1);
	CASE_SYS(close(p[0]));
	CASE_SYS(close(p[1]));
	case_ready();
	return case_pass();
}
