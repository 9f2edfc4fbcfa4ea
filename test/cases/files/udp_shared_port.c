/* SPDX-License-Identifier: GPL-2.0-only */
/* Two processes whose UDP sockets have one port, which they could not get with the options that they have now. */
/* peer: no-dump asks for SO_PASSSEC, which kernels since 6.16 have for unix sockets only */
#include "inet.h"

static int wide, narrow;

static void narrow_one(void *arg)
{
	(void)arg;
	CASE_SYS(close(wide));
	case_here();
	case_wait_go();
	inet_hear(narrow, "to narrow", NULL);
	inet_silent(narrow, EAGAIN);
}

int main(void)
{
	int from = inet_bound("127.0.0.2", SOCK_DGRAM, 0), port;
	pid_t child;

	wide = inet_socket("0.0.0.0", SOCK_DGRAM, 0);
	inet_set(wide, SOL_SOCKET, SO_REUSEADDR, 1);
	inet_bind(wide, "0.0.0.0", 0);
	port = inet_port(wide);
	narrow = inet_socket("127.0.0.1", SOCK_DGRAM, 0);
	inet_set(narrow, SOL_SOCKET, SO_REUSEADDR, 1);
	inet_bind(narrow, "127.0.0.1", port);
	inet_set(wide, SOL_SOCKET, SO_REUSEADDR, 0);
	inet_set(narrow, SOL_SOCKET, SO_REUSEADDR, 0);
	child = case_fork(narrow_one, NULL);
	CASE_SYS(close(narrow));
	case_wait_here(1);
	case_ready();
	CASE_EQ(inet_get(wide, SOL_SOCKET, SO_REUSEADDR), 0);
	CASE_EQ(inet_get(wide, SOL_SOCKET, SO_REUSEPORT), 0);
	inet_say_to(from, "127.0.0.1", port, "to narrow");
	inet_say_to(from, "127.0.0.2", port, "to wide");
	inet_hear(wide, "to wide", NULL);
	inet_silent(wide, EAGAIN);
	case_join(child);
	return case_pass();
}
