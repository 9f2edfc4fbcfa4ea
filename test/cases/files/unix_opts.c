/* SPDX-License-Identifier: GPL-2.0-only */
/* Socket options and descriptor flags, of a plain socket and of one with a queue. */
/* peer: no refuses credentials in a queue, and loses SO_REUSEADDR */
#include "unix.h"

#include <linux/filter.h>
#include <signal.h>
#include <sys/time.h>

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

static const struct {
	int option, value;
} options[] = {
	{ SO_SNDBUF, 50000 }, { SO_RCVBUF, 60000 }, { SO_PASSCRED, 1 }, { SO_BROADCAST, 1 },
	{ SO_KEEPALIVE, 1 },  { SO_PRIORITY, 4 },   { SO_RCVLOWAT, 7 }, { SO_REUSEADDR, 1 },
	{ SO_OOBINLINE, 1 },  { SO_DONTROUTE, 1 },  { SO_NO_CHECK, 1 }, { SO_PASSSEC, 1 },
};

static int before[2][CASE_NR(options)];
static int socks[2];

static void check_times(int fd)
{
	struct timeval tv;
	struct linger l;
	socklen_t len = sizeof(tv);

	CASE_SYS(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	CASE_EQ(tv.tv_sec, 3);
	CASE_EQ(tv.tv_usec, 500000);
	len = sizeof(tv);
	CASE_SYS(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, &len));
	CASE_EQ(tv.tv_sec, 4000);
	len = sizeof(l);
	CASE_SYS(getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len));
	CASE_EQ(l.l_onoff, 1);
	CASE_EQ(l.l_linger, 11);
}

static void set_times(int fd)
{
	struct timeval tv = { 3, 500000 }, long_time = { 4000, 0 };
	struct linger l = { 1, 11 };

	CASE_SYS(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	CASE_SYS(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &long_time, sizeof(long_time)));
	CASE_SYS(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
}

/* A filter that takes messages beginning with 'y' only. */
static void set_filter(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'y', 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { CASE_NR(code), code };

	CASE_SYS(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
}

int main(void)
{
	int filtered[2], peeked[2], usual = CASE_SYS(socket(AF_UNIX, SOCK_STREAM, 0));
	int lock = unix_option(usual, SO_BUF_LOCK);
	char buf[8];

	CASE_SYS(socketpair(AF_UNIX, SOCK_DGRAM, 0, socks));
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < CASE_NR(options); i++) {
			unix_set(socks[k], options[i].option, options[i].value);
			before[k][i] = unix_option(socks[k], options[i].option);
		}
		set_times(socks[k]);
		unix_say(socks[k], "queued");
	}
	CASE_SYS(fcntl(socks[0], F_SETFL, O_NONBLOCK | O_ASYNC));
	CASE_SYS(fcntl(socks[0], F_SETOWN, getpid()));
	signal(SIGIO, SIG_IGN);
	CASE_SYS(socketpair(AF_UNIX, SOCK_DGRAM, 0, filtered));
	set_filter(filtered[1]);
	CASE_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, peeked));
	unix_say(peeked[0], "abcdef");
	unix_set(peeked[1], SO_PEEK_OFF, 2);
	case_ready();
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < CASE_NR(options); i++)
			CASE_CHECK(unix_option(socks[k], options[i].option) == before[k][i],
				   "option %d is %d, not %d", options[i].option,
				   unix_option(socks[k], options[i].option), before[k][i]);
		check_times(socks[k]);
		unix_hear(socks[k], "queued");
	}
	CASE_EQ(unix_option(socks[0], SO_BUF_LOCK), 3);
	CASE_EQ(unix_option(usual, SO_BUF_LOCK), lock);
	CASE_EQ(fcntl(socks[0], F_GETFL), O_RDWR | O_NONBLOCK | O_ASYNC);
	CASE_EQ(fcntl(socks[1], F_GETFL), O_RDWR);
	CASE_EQ(fcntl(socks[0], F_GETOWN), getpid());
	CASE_EQ(send(filtered[0], "no", 2, MSG_DONTWAIT), 2);
	unix_say(filtered[0], "yes");
	unix_hear(filtered[1], "yes");
	CASE_EQ(unix_option(peeked[1], SO_PEEK_OFF), 2);
	CASE_EQ(recv(peeked[1], buf, 2, MSG_PEEK | MSG_DONTWAIT), 2);
	CASE_CHECK(!memcmp(buf, "cd", 2), "\"%.2s\" was peeked", buf);
	unix_hear(peeked[1], "abcdef");
	return case_pass();
}
