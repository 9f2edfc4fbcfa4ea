/* SPDX-License-Identifier: GPL-2.0-only */
/* An epoll and an inotify with watches, and what an epoll watches, that are only in the queue of a socket are refused. */
/* refuse: cannot dump a descriptor in the queue of fd [0-9]+ of task [0-9]+ \(anon_inode:\[eventpoll\]\): it watches something */
/* refuse: cannot dump a descriptor in the queue of fd [0-9]+ of task [0-9]+ \(anon_inode:inotify\): it watches something */
/* refuse: it watches fd [0-9]+, which is closed but open somewhere outside of the dumped tree, or in a queue */
/* peer: no version 4.1 fails at the restore */
#include "case.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>

static int sk[2];

static void send_away(int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} u = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u)
	};

	memcpy(CMSG_DATA(&u.head), &fd, sizeof(fd));
	CASE_EQ(sendmsg(sk[0], &m, 0), 1);
	CASE_SYS(close(fd));
}

int main(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = CASE_SYS(epoll_create1(0)), kept = CASE_SYS(epoll_create1(0));
	int in = CASE_SYS(inotify_init1(0)), event = CASE_SYS(eventfd(0, 0));

	CASE_SYS(socketpair(AF_UNIX, SOCK_DGRAM, 0, sk));
	CASE_SYS(epoll_ctl(ep, EPOLL_CTL_ADD, sk[0], &ev));
	CASE_SYS(epoll_ctl(kept, EPOLL_CTL_ADD, event, &ev));
	CASE_SYS(inotify_add_watch(in, "/", IN_DELETE_SELF));
	send_away(ep);
	send_away(in);
	send_away(event);
	case_ready();
	return case_pass();
}
