/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors are passed in a loop, several on their way at any time: pipes with a number in them.  Each comes once, in
 * order, as the right file.
 */
/* busy: it changes all the time */
#include "unix.h"

static int ends[2];

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void pass(unsigned number, int fd)
{
	union control control;
	struct iovec iov = { &number, sizeof(number) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	CASE_EQ(sendmsg(ends[0], &msg, 0), sizeof(number));
}

static void sender(void *arg)
{
	(void)arg;
	close(ends[1]);
	for (unsigned number = 1; !case_go() || number < 50; number++) {
		int p[2];

		CASE_SYS(pipe(p));
		CASE_EQ(write(p[1], &number, sizeof(number)), sizeof(number));
		pass(number, p[0]);
		CASE_SYS(close(p[0]));
		CASE_SYS(close(p[1]));
	}
}

/* 0: the end. */
static unsigned take(void)
{
	union control control;
	unsigned number = 0, inside;
	struct iovec iov = { &number, sizeof(number) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int fd;

	if (!CASE_SYS(recvmsg(ends[1], &msg, 0)))
		return 0;
	CASE_CHECK(CMSG_FIRSTHDR(&msg), "number %u came without its pipe", number);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	CASE_EQ(read(fd, &inside, sizeof(inside)), sizeof(inside));
	CASE_EQ(inside, number);
	CASE_EQ(read(fd, &inside, sizeof(inside)), 0);
	CASE_SYS(close(fd));
	return number;
}

int main(void)
{
	unsigned last = 0, number;
	pid_t pid;

	CASE_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	pid = case_fork(sender, NULL);
	close(ends[0]);
	while ((number = take())) {
		CASE_CHECK(number == last + 1, "number %u came after %u", number, last);
		last = number;
		if (number == 50)
			case_say_ready();
		case_sleep_ms(1);
	}
	case_join(pid);
	return case_pass();
}
