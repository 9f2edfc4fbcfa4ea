/* SPDX-License-Identifier: GPL-2.0-only */
/* Multicast groups that sockets have joined: from all senders, from some, from all but some; packets come in. */
/* peer: no forgets multicast groups, and refuses to dump IP sockets on kernels since 6.16 */
#include "inet.h"

#include <net/if.h>

#define GROUP "239.77.1.2"
#define GROUP6 "ff02::77:12"

static unsigned int lo;

static void join(int fd, int level, const char *group)
{
	struct group_req req = { .gr_interface = lo };
	struct inet_name n = inet_name(group, 0);

	memcpy(&req.gr_group, &n.addr, n.len);
	CASE_SYS(setsockopt(fd, level, MCAST_JOIN_GROUP, &req, sizeof(req)));
}

static void with_source(int fd, int option, const char *group, const char *source)
{
	struct group_source_req req = { .gsr_interface = lo };
	struct inet_name n = inet_name(group, 0), s = inet_name(source, 0);

	memcpy(&req.gsr_group, &n.addr, n.len);
	memcpy(&req.gsr_source, &s.addr, s.len);
	CASE_SYS(setsockopt(fd, IPPROTO_IP, option, &req, sizeof(req)));
}

static int receiver(int port)
{
	int fd = inet_socket(GROUP, SOCK_DGRAM, 0);

	inet_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	inet_set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	inet_bind(fd, "0.0.0.0", port);
	return fd;
}

/* How many sources it lists, and whether those only. */
static void check_filter(int fd, int level, const char *group, unsigned int mode, unsigned int nr)
{
	char buf[GROUP_FILTER_SIZE(8)] __attribute__((aligned(8))) = "";
	struct group_filter *f = (void *)buf;
	struct inet_name n = inet_name(group, 0);
	socklen_t len = sizeof(buf);

	f->gf_interface = lo;
	f->gf_numsrc = 8;
	memcpy(&f->gf_group, &n.addr, n.len);
	CASE_SYS(getsockopt(fd, level, MCAST_MSFILTER, f, &len));
	CASE_EQ(f->gf_fmode, mode);
	CASE_EQ(f->gf_numsrc, nr);
}

int main(void)
{
	int all = receiver(0), some = receiver(inet_port(all)), others = receiver(inet_port(all));
	int none = receiver(inet_port(all)), v6 = inet_bound("::", SOCK_DGRAM, 0);
	int from = inet_bound("127.0.0.1", SOCK_DGRAM, 0), from6 = inet_bound("::1", SOCK_DGRAM, 0);
	struct in_addr loopback = { htonl(INADDR_LOOPBACK) };

	lo = if_nametoindex("lo");
	CASE_CHECK(lo, "there is no interface lo");
	join(all, IPPROTO_IP, GROUP);
	join(all, IPPROTO_IP, "239.77.1.3");
	with_source(some, MCAST_JOIN_SOURCE_GROUP, GROUP, "127.0.0.1");
	join(others, IPPROTO_IP, GROUP);
	with_source(others, MCAST_BLOCK_SOURCE, GROUP, "127.0.0.1");
	join(v6, IPPROTO_IPV6, GROUP6);
	CASE_SYS(setsockopt(from, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof(loopback)));
	inet_set(from, IPPROTO_IP, IP_MULTICAST_TTL, 3);
	inet_set(from6, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)lo);
	case_ready();
	check_filter(all, IPPROTO_IP, GROUP, MCAST_EXCLUDE, 0);
	check_filter(all, IPPROTO_IP, "239.77.1.3", MCAST_EXCLUDE, 0);
	check_filter(some, IPPROTO_IP, GROUP, MCAST_INCLUDE, 1);
	check_filter(others, IPPROTO_IP, GROUP, MCAST_EXCLUDE, 1);
	check_filter(v6, IPPROTO_IPV6, GROUP6, MCAST_EXCLUDE, 0);
	CASE_EQ(inet_get(from, IPPROTO_IP, IP_MULTICAST_TTL), 3);
	CASE_EQ(inet_get(from, IPPROTO_IP, IP_MULTICAST_IF), (int)loopback.s_addr);
	inet_say_to(from, GROUP, inet_port(all), "to group");
	inet_hear(all, "to group", NULL);
	inet_hear(some, "to group", NULL);
	inet_silent(others, EAGAIN);
	inet_silent(none, EAGAIN);
	CASE_EQ(inet_get(from6, IPPROTO_IPV6, IPV6_MULTICAST_IF), (int)lo);
	return case_pass();
}
