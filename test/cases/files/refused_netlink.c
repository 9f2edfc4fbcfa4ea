/* SPDX-License-Identifier: GPL-2.0-only */
/* Netlink: an answer that was not read, and a protocol for which the kernel keeps state. */
/* refuse: messages that the program has not read yet would be lost */
/* refuse: the kernel may keep state for netlink sockets of this protocol */
/* peer: no dumps what it loses */
#include "case.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

int main(void)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} msg = { .head = { .nlmsg_len = sizeof(msg),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST },
		  .info = { .ifi_index = 1 } };
	int fd = CASE_SYS(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	int other = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[16384];

	if (other < 0)
		case_skip("NETLINK_AUDIT: %s", strerror(errno));
	CASE_EQ(send(fd, &msg, sizeof(msg), 0), sizeof(msg));
	CASE_EQ(poll(&p, 1, case_wait_s() * 1000), 1);
	case_ready();
	CASE_CHECK(recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0, "the answer is lost");
	return case_pass();
}
