/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP connections are refused with both addresses, and go on. */
/* refuse: TCP connections are not supported yet, and it is one from 127.0.0.1:[0-9]+ to 127.0.0.1:[0-9]+ .ESTABLISHED */
/* refuse: TCP connections are not supported yet, and it is one from .::1.:[0-9]+ to .::1.:[0-9]+ .CLOSE_WAIT */
/* refuse: close the connection before the dump */
/* peer: no can dump it */
#include "inet.h"

int main(void)
{
	int listener = inet_bound("127.0.0.1", SOCK_STREAM, 0);
	int listener6 = inet_bound("::1", SOCK_STREAM, 0), client, server, client6, server6;

	CASE_SYS(listen(listener, 1));
	CASE_SYS(listen(listener6, 1));
	inet_pair(listener, "127.0.0.1", &client, &server);
	inet_pair(listener6, "::1", &client6, &server6);
	inet_say(client, "before");
	CASE_SYS(shutdown(client6, SHUT_WR));
	inet_hear(server6, "", NULL);
	case_ready();
	inet_hear(server, "before", NULL);
	inet_say(server, "after");
	inet_hear(client, "after", NULL);
	inet_say(server6, "half");
	inet_hear(client6, "half", NULL);
	return case_pass();
}
