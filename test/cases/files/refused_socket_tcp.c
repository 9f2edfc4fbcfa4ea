/* SPDX-License-Identifier: GPL-2.0-only */
/* A TCP socket is refused by name. */
/* refuse: socket */
/* peer: no fails on Linux 6.16, where only unix sockets have SO_PASSCRED */
#include "case.h"

#include <sys/socket.h>

int main(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		case_skip("socket_tcp: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
