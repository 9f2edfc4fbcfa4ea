/* SPDX-License-Identifier: GPL-2.0-only */
/* A file opened by the child and handed to its parent through a socket that is closed by then. */
#include "case.h"

#include <fcntl.h>
#include <sys/socket.h>

static int pair[2];

static void send_fd(int fd)
{
	char data = 'x', control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { &data, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	CASE_SYS(sendmsg(pair[1], &m, 0));
}

static int receive_fd(void)
{
	char data, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &data, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int fd;

	CASE_SYS(recvmsg(pair[0], &m, 0));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

static void child(void *arg)
{
	int fd = case_make_file("file", 100, 65), p[2];

	(void)arg;
	CASE_SYS(pipe(p));
	CASE_EQ(write(p[1], "in the pipe", 11), 11);
	send_fd(fd);
	send_fd(p[0]);
	close(pair[0]);
	close(pair[1]);
	close(p[0]);
	case_here();
	case_wait_go();
	CASE_SYS(lseek(fd, 42, SEEK_SET));
}

int main(void)
{
	char buf[16];
	int fd, p;
	pid_t pid;

	CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = case_fork(child, NULL);
	fd = receive_fd();
	p = receive_fd();
	close(pair[0]);
	close(pair[1]);
	case_wait_here(1);
	case_ready();
	case_join(pid);
	CASE_EQ(lseek(fd, 0, SEEK_CUR), 42);
	CASE_EQ(read(p, buf, 16), 11);
	CASE_EQ(read(p, buf, 16), 0);
	return case_pass();
}
