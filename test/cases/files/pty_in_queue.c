/* SPDX-License-Identifier: GPL-2.0-only */
/* Both sides of a terminal are only in the queue of a socket. */
/* peer: no does not dump descriptors in flight of this kind */
#include "pty.h"

#include <sys/socket.h>

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(2 * sizeof(int))];
};

static void pass(int sock, int *fds, bool is_sent)
{
	union control c = { .bytes = { 0 } };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)
	};

	c.head.cmsg_level = SOL_SOCKET;
	c.head.cmsg_type = SCM_RIGHTS;
	c.head.cmsg_len = CMSG_LEN(2 * sizeof(int));
	if (is_sent)
		memcpy(CMSG_DATA(&c.head), fds, 2 * sizeof(int));
	CASE_EQ(is_sent ? sendmsg(sock, &m, 0) : recvmsg(sock, &m, 0), 1);
	if (!is_sent)
		memcpy(fds, CMSG_DATA(&c.head), 2 * sizeof(int));
}

int main(void)
{
	int socks[2], fds[2] = { pty_master(), -1 };
	struct pty_state was;

	fds[1] = pty_slave(fds[0], O_RDWR);
	pty_raw(fds[1]);
	CASE_EQ(write(fds[1], "early", 5), 5);
	was = pty_state(fds[0]);
	CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	pass(socks[0], fds, true);
	CASE_SYS(close(fds[0]));
	CASE_SYS(close(fds[1]));
	case_ready();
	pass(socks[1], fds, false);
	pty_same(fds[0], &was);
	pty_expect(fds[0], "early", 5);
	pty_pass(fds[0], fds[1], "late", "late");
	return case_pass();
}
