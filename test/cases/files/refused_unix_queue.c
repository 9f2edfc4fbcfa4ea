/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What only the program itself can read is refused: data out of band, what was sent to a listener before it has accepted
 * the connection, connections whose client is closed, an error in front of messages.
 */
/* refuse: it has sent data to a listener that has not accepted its connection yet */
/* refuse: a connection waits to be accepted from a socket that is closed already */
/* refuse: its queue holds data out of band */
/* refuse: an error waits in front of the data in its queue */
/* peer: no loses these */
#include "unix.h"

int main(void)
{
	int server = unix_listener(SOCK_STREAM, "@refused queue", 5), early, client;
	int oob[2], reset[2];
	char c;

	early = unix_client(SOCK_STREAM, "@refused queue");
	unix_say(early, "early");
	client = unix_client(SOCK_STREAM, "@refused queue");
	CASE_SYS(close(client));
	CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, oob));
	CASE_EQ(send(oob[0], "abc", 3, MSG_OOB), 3);
	CASE_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, reset));
	unix_say(reset[0], "never read");
	unix_say(reset[1], "answer");
	CASE_SYS(close(reset[1]));
	case_ready();
	/* Nothing of it was touched. */
	CASE_EQ(unix_poll(reset[0]) & POLLERR, POLLERR);
	unix_silent(reset[0], ECONNRESET);
	unix_hear(reset[0], "answer");
	CASE_EQ(recv(oob[1], &c, 1, MSG_OOB), 1);
	CASE_EQ(c, 'c');
	unix_hear(oob[1], "ab");
	unix_hear(CASE_SYS(accept(server, NULL, NULL)), "early");
	unix_silent(CASE_SYS(accept(server, NULL, NULL)), 0);
	return case_pass();
}
