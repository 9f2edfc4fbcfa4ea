/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet socket is refused by name. */
/* refuse: socket */
/* peer: no fails on Linux 6.16, where only unix sockets have SO_PASSCRED */
#include "case.h"

#include <sys/socket.h>

int main(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0)
		case_skip("socket_packet: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
