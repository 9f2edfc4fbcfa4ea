/* SPDX-License-Identifier: GPL-2.0-only */
/* Netlink sockets: type, options, and groups above 32, which bind(2) cannot name. */
/* peer: no keeps neither type nor options, and takes 32 groups only */
#include "case.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static unsigned int word_of(int fd, int nr)
{
	unsigned int words[4] = { 0 };
	socklen_t len = sizeof(words);

	CASE_SYS(getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, words, &len));
	return words[nr];
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
	int far = CASE_SYS(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	int dgram = CASE_SYS(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE));
	int usual = CASE_SYS(socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC));
	int one = 1, group = 33;

	CASE_SYS(setsockopt(far, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)));
	CASE_SYS(setsockopt(dgram, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)));
	CASE_SYS(setsockopt(dgram, SOL_NETLINK, NETLINK_PKTINFO, &one, sizeof(one)));
	CASE_EQ(word_of(far, 1), 1);
	case_ready();
	CASE_EQ(word_of(far, 0), 0);
	CASE_EQ(word_of(far, 1), 1);
	CASE_EQ(get(dgram, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
	CASE_EQ(get(dgram, SOL_NETLINK, NETLINK_EXT_ACK), 1);
	CASE_EQ(get(dgram, SOL_NETLINK, NETLINK_PKTINFO), 1);
	CASE_EQ(get(usual, SOL_SOCKET, SO_TYPE), SOCK_RAW);
	CASE_EQ(get(usual, SOL_NETLINK, NETLINK_EXT_ACK), 0);
	return case_pass();
}
