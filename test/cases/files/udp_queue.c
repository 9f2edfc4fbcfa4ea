/* SPDX-License-Identifier: GPL-2.0-only */
/* What a UDP socket has received and not read is dropped, with a warning; later datagrams come in. */
/* not: nocr only a restore does so */
/* not: norst nothing is dropped in the tree that runs on */
/* not: stop nothing is dropped in the tree that runs on */
/* not: snaps nothing is dropped in the tree that runs on */
/* peer: no-dump asks for SO_PASSSEC, which kernels since 6.16 have for unix sockets only */
#include "inet.h"

int main(void)
{
	int to = inet_bound("127.0.0.1", SOCK_DGRAM, 0), from = inet_socket("::", SOCK_DGRAM, 0);

	inet_say_to(from, "::ffff:127.0.0.1", inet_port(to), "lost");
	case_ready();
	inet_silent(to, EAGAIN);
	inet_say_to(from, "::ffff:127.0.0.1", inet_port(to), "arrives");
	inet_hear(to, "arrives", NULL);
	return case_pass();
}
