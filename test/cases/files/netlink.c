/* SPDX-License-Identifier: GPL-2.0-only */
/* Netlink sockets: new, bound, in groups, connected; the kernel answers and tells news afterwards. */
#include "case.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static int plain, automatic, bound, grouped, connected;

static struct sockaddr_nl name_of(int fd)
{
	struct sockaddr_nl a = { 0 };
	socklen_t len = sizeof(a);

	CASE_SYS(getsockname(fd, (struct sockaddr *)&a, &len));
	CASE_EQ(len, sizeof(a));
	return a;
}

static struct sockaddr_nl peer_of(int fd)
{
	struct sockaddr_nl a = { 0 };
	socklen_t len = sizeof(a);

	CASE_SYS(getpeername(fd, (struct sockaddr *)&a, &len));
	return a;
}

static int make(int type, int protocol, unsigned int port, unsigned int groups)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups };
	int fd = CASE_SYS(socket(AF_NETLINK, type, protocol));

	CASE_SYS(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	return fd;
}

/* The kernel tells about interface 1. */
static void ask(int fd)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} msg = { .head = { .nlmsg_len = sizeof(msg),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST,
			    .nlmsg_seq = 42 },
		  .info = { .ifi_family = AF_UNSPEC, .ifi_index = 1 } };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[16384] __attribute__((aligned(8)));
	struct nlmsghdr *head = (void *)buf;

	CASE_EQ(send(fd, &msg, sizeof(msg), 0), sizeof(msg));
	CASE_EQ(poll(&p, 1, case_wait_s() * 1000), 1);
	CASE_CHECK(recv(fd, buf, sizeof(buf), 0) > 0, "no answer: %s", strerror(errno));
	CASE_EQ(head->nlmsg_type, RTM_NEWLINK);
	CASE_EQ(head->nlmsg_seq, 42);
}

static unsigned int groups_of(int fd)
{
	unsigned int words[4] = { 0 };
	socklen_t len = sizeof(words);

	CASE_SYS(getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, words, &len));
	return words[0];
}

static int get(int fd, int level, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	CASE_SYS(getsockopt(fd, level, option, &value, &len));
	return value;
}

int main(void)
{
	struct sockaddr_nl peer = { .nl_family = AF_NETLINK, .nl_pid = 77 };
	unsigned int port, groups;

	plain = CASE_SYS(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	automatic = make(SOCK_RAW, NETLINK_ROUTE, 0, 0);
	port = name_of(automatic).nl_pid;
	bound = make(SOCK_RAW, NETLINK_GENERIC, 0, 0);
	/* Nobody in here makes devices. */
	grouped = make(SOCK_RAW, NETLINK_XFRM, 0, 1 << 3 | 1 << 4);
	connected = make(SOCK_RAW, NETLINK_ROUTE, 0, 0);
	peer.nl_pid = port;
	CASE_SYS(connect(connected, (struct sockaddr *)&peer, sizeof(peer)));
	CASE_SYS(fcntl(bound, F_SETFL, O_NONBLOCK));
	groups = name_of(grouped).nl_groups;
	CASE_CHECK(port, "it has no port");
	case_ready();
	CASE_EQ(name_of(automatic).nl_pid, port);
	CASE_EQ(name_of(grouped).nl_groups, groups);
	CASE_EQ(groups_of(grouped), groups);
	CASE_EQ(peer_of(connected).nl_pid, port);
	CASE_EQ(get(bound, SOL_SOCKET, SO_PROTOCOL), NETLINK_GENERIC);
	CASE_EQ(fcntl(bound, F_GETFL), O_RDWR | O_NONBLOCK);
	ask(plain);
	ask(automatic);
	return case_pass();
}
