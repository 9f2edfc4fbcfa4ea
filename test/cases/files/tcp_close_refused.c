/* SPDX-License-Identifier: GPL-2.0-only */
/* What was dumped with --tcp-close is restored with it or not at all. */
/* dump-opts: --tcp-close */
/* restore-refuse: the set was dumped with --tcp-close */
/* peer: no says so in other words, and refuses to dump IP sockets on kernels since 6.16 */
#include "inet.h"

int main(void)
{
	int listener = inet_bound("127.0.0.1", SOCK_STREAM, 0), client, server;

	CASE_SYS(listen(listener, 1));
	inet_pair(listener, "127.0.0.1", &client, &server);
	case_ready();
	return case_pass();
}
