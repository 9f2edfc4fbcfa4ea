/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors in flight: of a file that the program has open too, of one that only the message has, of an end of a pipe,
 * of a socket that has messages with descriptors itself, and of a socket in its own peer's queue.
 */
#include "unix.h"

static void send_fds(int to, const char *text, const int *fds, size_t nr)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct iovec iov = { (char *)text, strlen(text) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = CMSG_SPACE(nr * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(nr * sizeof(int));
	memcpy(CMSG_DATA(c), fds, nr * sizeof(int));
	CASE_EQ(sendmsg(to, &msg, MSG_DONTWAIT), strlen(text));
}

static void send_fd(int to, const char *text, int fd)
{
	send_fds(to, text, &fd, 1);
}

/* What was sent with it is exactly @nr descriptors. */
static void hear_fds(int from, const char *want, int *fds, size_t nr)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control;
	char buf[64] = "";
	struct iovec iov = { buf, sizeof(buf) - 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	CASE_EQ(recvmsg(from, &msg, MSG_DONTWAIT), strlen(want));
	CASE_CHECK(!strcmp(buf, want), "\"%s\" was received, not \"%s\"", buf, want);
	c = CMSG_FIRSTHDR(&msg);
	CASE_EQ(!c, !nr);
	if (!nr)
		return;
	CASE_EQ(c->cmsg_type, SCM_RIGHTS);
	CASE_EQ(c->cmsg_len, CMSG_LEN(nr * sizeof(int)));
	memcpy(fds, CMSG_DATA(c), nr * sizeof(int));
}

static int hear_fd(int from, const char *want)
{
	int fd;

	hear_fds(from, want, &fd, 1);
	return fd;
}

static void pair(int type, int ends[2])
{
	CASE_SYS(socketpair(AF_UNIX, type, 0, ends));
}

int main(void)
{
	int stream[2], dgram[2], outer[2], inner[2], cycle[2], p[2], whole[2], got[3];
	int file = case_make_file("file", 1000, 3), hidden = case_make_file("hidden", 1000, 4);
	char buf[100];

	pair(SOCK_STREAM, stream);
	pair(SOCK_DGRAM, dgram);
	pair(SOCK_SEQPACKET, outer);
	pair(SOCK_STREAM, inner);
	pair(SOCK_STREAM, cycle);
	CASE_SYS(pipe(p));
	CASE_SYS(pipe(whole));
	CASE_EQ(lseek(file, 100, SEEK_SET), 100);
	CASE_EQ(lseek(hidden, 200, SEEK_SET), 200);
	unix_say(stream[0], "before ");
	send_fds(stream[0], "with", (int[]){ file, hidden, p[0] }, 3);
	unix_say(stream[0], "after");
	send_fd(dgram[0], "one", file);
	send_fd(dgram[0], "two", hidden);
	CASE_EQ(write(p[1], "in pipe", 7), 7);
	send_fds(outer[0], "whole pipe", whole, 2);
	send_fd(inner[0], "deep", hidden);
	send_fd(outer[0], "socket", inner[1]);
	send_fd(cycle[0], "itself", cycle[1]);
	CASE_SYS(close(hidden));
	CASE_SYS(close(p[0]));
	CASE_SYS(close(inner[1]));
	CASE_SYS(close(whole[0]));
	CASE_SYS(close(whole[1]));
	case_ready();
	hear_fds(stream[1], "before with", got, 3);
	unix_hear(stream[1], "after");
	/* One description: it moves for both. */
	CASE_EQ(lseek(got[0], 0, SEEK_CUR), 100);
	CASE_EQ(lseek(got[0], 300, SEEK_SET), 300);
	CASE_EQ(lseek(file, 0, SEEK_CUR), 300);
	CASE_EQ(lseek(got[1], 0, SEEK_CUR), 200);
	CASE_EQ(read(got[2], buf, sizeof(buf)), 7);
	CASE_CHECK(!memcmp(buf, "in pipe", 7), "the pipe has something else");
	CASE_EQ(lseek(hear_fd(dgram[1], "one"), 0, SEEK_CUR), 300);
	CASE_EQ(lseek(got[1], 400, SEEK_SET), 400);
	CASE_EQ(lseek(hear_fd(dgram[1], "two"), 0, SEEK_CUR), 400);
	hear_fds(outer[1], "whole pipe", whole, 2);
	CASE_EQ(write(whole[1], "x", 1), 1);
	CASE_EQ(read(whole[0], buf, sizeof(buf)), 1);
	inner[1] = hear_fd(outer[1], "socket");
	CASE_EQ(lseek(hear_fd(inner[1], "deep"), 0, SEEK_CUR), 400);
	unix_say(inner[0], "alive");
	unix_hear(inner[1], "alive");
	got[0] = hear_fd(cycle[1], "itself");
	unix_say(cycle[0], "twice");
	unix_hear(got[0], "twice");
	/* The pipe's last reader is gone with these. */
	CASE_SYS(close(got[2]));
	CASE_EQ(unix_poll(p[1]) & POLLERR, POLLERR);
	return case_pass();
}
