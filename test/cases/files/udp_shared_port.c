/* SPDX-License-Identifier: GPL-2.0-only */
/* Two processes whose UDP sockets have one port, which they could not get with the options that they have now. */
/* peer: no-dump asks for SO_PASSSEC, which kernels since 6.16 have for unix sockets only */
#include "inet.h"

/* Each of the first pair has a process of its own, the second pair is of one process. */
static int wide[2], narrow[2];

static void make_pair(int i)
{
	wide[i] = inet_socket("0.0.0.0", SOCK_DGRAM, 0);
	inet_set(wide[i], SOL_SOCKET, SO_REUSEADDR, 1);
	inet_bind(wide[i], "0.0.0.0", 0);
	narrow[i] = inet_socket("127.0.0.1", SOCK_DGRAM, 0);
	inet_set(narrow[i], SOL_SOCKET, SO_REUSEADDR, 1);
	inet_bind(narrow[i], "127.0.0.1", inet_port(wide[i]));
	inet_set(wide[i], SOL_SOCKET, SO_REUSEADDR, 0);
	inet_set(narrow[i], SOL_SOCKET, SO_REUSEADDR, 0);
}

static void hear_narrow(int i)
{
	inet_hear(narrow[i], "to narrow", NULL);
	inet_silent(narrow[i], EAGAIN);
}

static void narrow_one(void *arg)
{
	(void)arg;
	CASE_SYS(close(wide[0]));
	CASE_SYS(close(wide[1]));
	CASE_SYS(close(narrow[1]));
	case_here();
	case_wait_go();
	hear_narrow(0);
}

static void check_wide(int from, int i)
{
	int port = inet_port(wide[i]);

	CASE_EQ(inet_get(wide[i], SOL_SOCKET, SO_REUSEADDR), 0);
	CASE_EQ(inet_get(wide[i], SOL_SOCKET, SO_REUSEPORT), 0);
	inet_say_to(from, "127.0.0.1", port, "to narrow");
	inet_say_to(from, "127.0.0.2", port, "to wide");
	inet_hear(wide[i], "to wide", NULL);
	inet_silent(wide[i], EAGAIN);
}

int main(void)
{
	int from = inet_bound("127.0.0.2", SOCK_DGRAM, 0);
	pid_t child;

	make_pair(0);
	make_pair(1);
	child = case_fork(narrow_one, NULL);
	CASE_SYS(close(narrow[0]));
	case_wait_here(1);
	case_ready();
	check_wide(from, 0);
	check_wide(from, 1);
	hear_narrow(1);
	case_join(child);
	return case_pass();
}
