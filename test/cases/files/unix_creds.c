/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose sockets they are: SO_PEERCRED of a pair that a parent made for its children, of a pair of another user, of a
 * listener and its clients; SCM_CREDENTIALS of messages in queues; the owner that fstat shows.
 */
/* peer: no keeps users and senders */
#include "unix.h"

#include <sys/syscall.h>

/* A child's number for an end of a pair; its parent has the end, too, and comes first in the tree. */
enum { BROUGHT = 40 };

static int shared[2], foreign[2], told[2];

static void check_peer(int fd, pid_t pid, uid_t uid, gid_t gid)
{
	struct ucred c;
	socklen_t len = sizeof(c);

	CASE_SYS(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len));
	CASE_EQ(c.pid, pid);
	CASE_EQ(c.uid, uid);
	CASE_EQ(c.gid, gid);
}

static void check_sender(int fd, const char *want, pid_t pid, uid_t uid, gid_t gid)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char buf[32] = "";
	struct iovec iov = { buf, sizeof(buf) - 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct ucred c;

	CASE_EQ(recvmsg(fd, &msg, MSG_DONTWAIT), strlen(want));
	CASE_CHECK(!strcmp(buf, want), "\"%s\" was received, not \"%s\"", buf, want);
	CASE_CHECK(CMSG_FIRSTHDR(&msg), "no credentials came with it");
	CASE_EQ(CMSG_FIRSTHDR(&msg)->cmsg_type, SCM_CREDENTIALS);
	memcpy(&c, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(c));
	CASE_EQ(c.pid, pid);
	CASE_EQ(c.uid, uid);
	CASE_EQ(c.gid, gid);
}

static void as(uid_t uid, gid_t gid)
{
	CASE_SYS(seteuid(0));
	CASE_SYS(setegid(gid));
	CASE_SYS(seteuid(uid));
}

static void child(void *arg)
{
	pid_t parent = getppid();
	char buf[8];
	int ends[2];

	(void)arg;
	close(shared[0]);
	unix_say(told[0], "from child");
	CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	CASE_EQ(dup2(ends[0], BROUGHT), BROUGHT);
	case_here();
	case_wait_go();
	check_peer(shared[1], parent, 0, 0);
	CASE_EQ(recv(shared[1], buf, sizeof(buf), 0), 5);
}

int main(void)
{
	int listener, client, accepted, brought;
	struct stat st;
	pid_t pid;

	CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, shared));
	CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, told));
	unix_set(told[1], SO_PASSCRED, 1);
	as(1234, 567);
	CASE_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, foreign));
	as(0, 0);
	/* Messages show the real user. */
	CASE_SYS(setresuid(1234, 0, 0));
	unix_say(told[0], "from 1234");
	CASE_SYS(setresuid(0, 0, 0));
	CASE_SYS(fchown(foreign[1], 77, 88));
	as(12, 34);
	listener = unix_listener(SOCK_STREAM, "@creds of 12", 3);
	as(56, 78);
	client = unix_client(SOCK_STREAM, "@creds of 12");
	as(0, 0);
	accepted = CASE_SYS(accept(listener, NULL, NULL));
	unix_say(told[0], "from root");
	pid = case_fork(child, NULL);
	case_wait_here(1);
	brought = CASE_SYS((int)syscall(SYS_pidfd_getfd, CASE_SYS(syscall(SYS_pidfd_open, pid, 0)),
					BROUGHT, 0));
	close(brought - 1);
	close(shared[1]);
	case_ready();
	check_peer(shared[0], getpid(), 0, 0);
	check_peer(brought, pid, 0, 0);
	check_peer(foreign[0], getpid(), 1234, 567);
	check_peer(listener, getpid(), 12, 34);
	check_peer(client, getpid(), 12, 34);
	check_peer(accepted, getpid(), 56, 78);
	CASE_SYS(fstat(foreign[0], &st));
	CASE_EQ(st.st_uid, 1234);
	CASE_SYS(fstat(foreign[1], &st));
	CASE_EQ(st.st_uid, 77);
	CASE_EQ(st.st_gid, 88);
	unix_say(told[0], "new");
	check_sender(told[1], "from 1234", getpid(), 1234, 0);
	check_sender(told[1], "from root", getpid(), 0, 0);
	check_sender(told[1], "from child", pid, 0, 0);
	check_sender(told[1], "new", getpid(), 0, 0);
	unix_say(shared[0], "hello");
	case_join(pid);
	return case_pass();
}
