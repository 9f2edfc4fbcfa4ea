/* SPDX-License-Identifier: GPL-2.0-only */
/* A datagram that is held back by UDP_CORK cannot be read. */
/* refuse: cannot dump fd [0-9]+ .*: it holds back a datagram that cannot be read */
/* refuse: dump again when it is sent */
/* peer: no can dump it */
#include "inet.h"

#include <netinet/udp.h>

int main(void)
{
	int to = inet_bound("127.0.0.1", SOCK_DGRAM, 0);
	int fd = inet_socket("127.0.0.1", SOCK_DGRAM, 0);

	inet_connect(fd, "127.0.0.1", inet_port(to));
	inet_set(fd, IPPROTO_UDP, UDP_CORK, 1);
	inet_say(fd, "first ");
	case_ready();
	inet_say(fd, "second");
	inet_set(fd, IPPROTO_UDP, UDP_CORK, 0);
	inet_hear(to, "first second", NULL);
	return case_pass();
}
