/* SPDX-License-Identifier: GPL-2.0-only */
/* A locked file whose only descriptor is in a queue: the lock is noticed. */
/* opts: --file-locks */
/* refuse: cannot dump a descriptor in the queue of fd \d+ of task \d+ \(.*\): the file is locked */
/* peer: no notices it */
#include "unix.h"

#include <sys/file.h>

int main(void)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	int ends[2], fd = case_make_file("file", 10, 1);
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	CASE_SYS(flock(fd, LOCK_EX));
	CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
	CASE_EQ(sendmsg(ends[0], &msg, 0), 1);
	CASE_SYS(close(fd));
	case_ready();
	CASE_EQ(flock(CASE_SYS(open("file", O_RDONLY)), LOCK_EX | LOCK_NB), -1);
	return case_pass();
}
