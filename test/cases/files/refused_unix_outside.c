/* SPDX-License-Identifier: GPL-2.0-only */
/* Peers outside of the tree are refused: the message names them, their addresses and who has them. */
/* refuse: cannot dump fd \d+ of task \d+ \(socket:\[\d+\]\): its peer socket:\[\d+\] "@outside stream" of process \d+ \(refused_unix_ou\) is outside */
/* refuse: its peer socket:\[\d+\] "@outside dgram" of process \d+ \(refused_unix_ou\) is outside */
/* refuse: a connection waits to be accepted from socket:\[\d+\] of process \d+ \(refused_unix_ou\) */
/* refuse: its peer socket:\[\d+\] of process \d+ \(refused_unix_ou\) is outside */
#include "unix.h"

#include "outside.h"

static int pair[2];

static void outsider(void)
{
	unix_listener(SOCK_STREAM, "@outside stream", 3);
	unix_bound(SOCK_DGRAM, "@outside dgram");
	unix_client(SOCK_STREAM, "@inside");
	close(pair[0]);
}

int main(void)
{
	int stream, dgram, server = unix_listener(SOCK_STREAM, "@inside", 3);
	pid_t pid;

	CASE_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	pid = outside_start(outsider);
	close(pair[1]);
	stream = unix_client(SOCK_STREAM, "@outside stream");
	dgram = unix_client(SOCK_DGRAM, "@outside dgram");
	unix_say(dgram, "one");
	unix_say(stream, "two");
	case_ready();
	CASE_SYS(accept(server, NULL, NULL));
	outside_end(pid);
	return case_pass();
}
