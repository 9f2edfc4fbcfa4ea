/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets of other families: each is refused by its own name. */
/* refuse: raw IP sockets are not supported yet */
/* refuse: only TCP is supported of this kind */
/* refuse: packet sockets are not supported yet */
/* refuse: connections of a virtual machine \(vsock\) belong to its host */
/* refuse: XDP sockets belong to the device */
/* needs: root */
/* peer: no can dump some of them */
#include "case.h"

#include <sys/socket.h>

static void make(int family, int type, int protocol)
{
	if (socket(family, type, protocol) < 0)
		case_skip("socket of family %d: %s", family, strerror(errno));
}

int main(void)
{
	make(AF_INET, SOCK_RAW, 1);
	make(AF_INET6, SOCK_RAW, 58);
	make(AF_INET6, SOCK_STREAM, 262 /* MPTCP */);
	make(AF_PACKET, SOCK_RAW, 0);
	make(AF_VSOCK, SOCK_STREAM, 0);
	make(AF_XDP, SOCK_RAW, 0);
	case_ready();
	return case_pass();
}
