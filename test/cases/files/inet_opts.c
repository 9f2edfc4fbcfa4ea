/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of IP, IPv6, TCP, UDP and of sockets: those that were set, and those that were not. */
/* peer: no keeps a few of them only, and refuses to dump IP sockets on kernels since 6.16 */
#include "inet.h"

#include <netinet/tcp.h>
#include <netinet/udp.h>

#define V6_FREEBIND 78
#define V6_AUTOFLOWLABEL 70
#define UDP_CHECK6_TX 101
#define UDPLITE_RECV 11
#define SELECT_ERR_QUEUE 45

static const struct {
	const char *addr;
	int type, proto, level, option, value;
} rows[] = {
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IP, IP_TOS, 0x10 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IP, IP_TTL, 33 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IP, IP_PKTINFO, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IP, IP_RECVTTL, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IP, IP_RECVERR, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IP, IP_FREEBIND, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IP, IP_TRANSPARENT, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IP, IP_MULTICAST_LOOP, 0 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_UDP, UDP_CORK, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_UDP, UDP_SEGMENT, 1000 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_UDP, UDP_GRO, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, SOL_SOCKET, SO_BROADCAST, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, SOL_SOCKET, SO_REUSEADDR, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, SOL_SOCKET, SO_REUSEPORT, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, SOL_SOCKET, SO_NO_CHECK, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, SOL_SOCKET, SO_TIMESTAMP, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, SOL_SOCKET, SO_RXQ_OVFL, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, SOL_SOCKET, SO_RCVBUF, 70000 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, SOL_SOCKET, SO_PRIORITY, 5 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, SOL_SOCKET, SO_MARK, 77 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDP, SOL_SOCKET, SELECT_ERR_QUEUE, 1 },
	{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDPLITE, IPPROTO_UDPLITE, UDPLITE_RECV, 20 },
	{ "::1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IPV6, IPV6_V6ONLY, 1 },
	{ "::1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IPV6, IPV6_TCLASS, 0x20 },
	{ "::1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 22 },
	{ "::1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1 },
	{ "::1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1 },
	{ "::1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IPV6, IPV6_RECVERR, 1 },
	{ "::1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IPV6, IPV6_DONTFRAG, 1 },
	{ "::1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 4 },
	{ "::1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IPV6, V6_FREEBIND, 1 },
	{ "::1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IPV6, V6_AUTOFLOWLABEL, 0 },
	{ "::1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_UDP, UDP_CHECK6_TX, 1 },
	{ "::1", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_IP, IP_TTL, 21 },
	{ "127.0.0.1", SOCK_STREAM, 0, IPPROTO_TCP, TCP_NODELAY, 1 },
	{ "127.0.0.1", SOCK_STREAM, 0, IPPROTO_TCP, TCP_CORK, 1 },
	{ "127.0.0.1", SOCK_STREAM, 0, IPPROTO_TCP, TCP_KEEPIDLE, 77 },
	{ "127.0.0.1", SOCK_STREAM, 0, IPPROTO_TCP, TCP_KEEPINTVL, 11 },
	{ "127.0.0.1", SOCK_STREAM, 0, IPPROTO_TCP, TCP_KEEPCNT, 3 },
	{ "127.0.0.1", SOCK_STREAM, 0, IPPROTO_TCP, TCP_SYNCNT, 2 },
	{ "127.0.0.1", SOCK_STREAM, 0, IPPROTO_TCP, TCP_LINGER2, 9 },
	{ "127.0.0.1", SOCK_STREAM, 0, IPPROTO_TCP, TCP_USER_TIMEOUT, 12345 },
	{ "127.0.0.1", SOCK_STREAM, 0, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 4096 },
	{ "127.0.0.1", SOCK_STREAM, 0, IPPROTO_TCP, TCP_WINDOW_CLAMP, 5000 },
	{ "127.0.0.1", SOCK_STREAM, 0, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1 },
	{ "127.0.0.1", SOCK_STREAM, 0, IPPROTO_TCP, TCP_MAXSEG, 700 },
	{ "127.0.0.1", SOCK_STREAM, 0, SOL_SOCKET, SO_KEEPALIVE, 1 },
	{ "127.0.0.1", SOCK_STREAM, 0, SOL_SOCKET, SO_ZEROCOPY, 1 },
	{ "::1", SOCK_STREAM, 0, IPPROTO_IPV6, IPV6_MINHOPCOUNT, 3 },
};

static struct {
	int set, usual, set_value, usual_value;
} socks[CASE_NR(rows)];

/* Of a listener. */
static void check_listener(int fd, bool is_first)
{
	static int defer;

	CASE_EQ(inet_get(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	CASE_EQ(inet_get(fd, IPPROTO_TCP, TCP_FASTOPEN), 9);
	if (is_first)
		defer = inet_get(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT);
	CASE_CHECK(defer, "TCP_DEFER_ACCEPT is 0");
	CASE_EQ(inet_get(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), defer);
}

int main(void)
{
	int listener = inet_bound("::1", SOCK_STREAM, 0);
	int dev = inet_socket("127.0.0.1", SOCK_DGRAM, 0);
	int stream = inet_socket("127.0.0.1", SOCK_STREAM, 0);
	char text[32] = "";
	socklen_t len = sizeof(text);

	for (size_t i = 0; i < CASE_NR(rows); i++) {
		socks[i].usual = inet_socket(rows[i].addr, rows[i].type, rows[i].proto);
		socks[i].set = inet_socket(rows[i].addr, rows[i].type, rows[i].proto);
		inet_set(socks[i].set, rows[i].level, rows[i].option, rows[i].value);
		inet_bind(socks[i].set, rows[i].addr, 0);
		socks[i].set_value = inet_get(socks[i].set, rows[i].level, rows[i].option);
		socks[i].usual_value = inet_get(socks[i].usual, rows[i].level, rows[i].option);
		CASE_CHECK(socks[i].set_value != socks[i].usual_value,
			   "row %zu, level %d option %d has its usual value", i, rows[i].level,
			   rows[i].option);
	}
	CASE_SYS(setsockopt(dev, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
	inet_bind(dev, "127.0.0.1", 0);
	CASE_SYS(setsockopt(stream, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	inet_set(listener, IPPROTO_TCP, TCP_FASTOPEN, 9);
	CASE_SYS(listen(listener, 2));
	inet_set(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5);
	check_listener(listener, true);
	case_ready();
	check_listener(listener, false);
	for (size_t i = 0; i < CASE_NR(rows); i++) {
		int set = inet_get(socks[i].set, rows[i].level, rows[i].option);
		int usual = inet_get(socks[i].usual, rows[i].level, rows[i].option);

		CASE_CHECK(set == socks[i].set_value, "level %d option %d is %d, not %d",
			   rows[i].level, rows[i].option, set, socks[i].set_value);
		CASE_CHECK(usual == socks[i].usual_value, "level %d option %d is %d, not %d",
			   rows[i].level, rows[i].option, usual, socks[i].usual_value);
	}
	CASE_SYS(getsockopt(dev, SOL_SOCKET, SO_BINDTODEVICE, text, &len));
	CASE_CHECK(!strcmp(text, "lo"), "it is bound to \"%s\"", text);
	len = sizeof(text);
	CASE_SYS(getsockopt(stream, IPPROTO_TCP, TCP_CONGESTION, text, &len));
	CASE_CHECK(!strcmp(text, "reno"), "its congestion control is \"%s\"", text);
	return case_pass();
}
