/* SPDX-License-Identifier: GPL-2.0-only */
/* Short words for IP sockets.  Addresses are loopback, ports are chosen by the kernel. */
#ifndef TEST_INET_H
#define TEST_INET_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "case.h"

/* Both families in one; compared byte by byte. */
struct inet_name {
	struct sockaddr_storage addr;
	socklen_t len;
};

static inline struct inet_name inet_name(const char *text, int port)
{
	struct inet_name n = { .len = sizeof(struct sockaddr_in) };
	struct sockaddr_in *v4 = (void *)&n.addr;
	struct sockaddr_in6 *v6 = (void *)&n.addr;

	n.addr.ss_family = AF_INET;
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_port = htons((uint16_t)port);
		return n;
	}
	n.len = sizeof(*v6);
	n.addr.ss_family = AF_INET6;
	CASE_EQ(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
	v6->sin6_port = htons((uint16_t)port);
	return n;
}

static inline struct inet_name inet_own(int fd)
{
	struct inet_name n = { .len = sizeof(n.addr) };

	CASE_SYS(getsockname(fd, (struct sockaddr *)&n.addr, &n.len));
	return n;
}

/* Of length 0 when there is none. */
static inline struct inet_name inet_peer(int fd)
{
	struct inet_name n = { .len = sizeof(n.addr) };

	if (getpeername(fd, (struct sockaddr *)&n.addr, &n.len)) {
		CASE_EQ(errno, ENOTCONN);
		n.len = 0;
	}
	return n;
}

static inline int inet_port(int fd)
{
	struct inet_name n = inet_own(fd);

	return ntohs(((struct sockaddr_in *)(void *)&n.addr)->sin_port);
}

static inline void inet_same(const struct inet_name *a, const struct inet_name *b, const char *what)
{
	CASE_CHECK(a->len == b->len && !memcmp(&a->addr, &b->addr, a->len), "%s differs", what);
}

static inline void inet_bind(int fd, const char *addr, int port)
{
	struct inet_name n = inet_name(addr, port);

	CASE_SYS(bind(fd, (struct sockaddr *)&n.addr, n.len));
}

static inline void inet_connect(int fd, const char *addr, int port)
{
	struct inet_name n = inet_name(addr, port);

	CASE_SYS(connect(fd, (struct sockaddr *)&n.addr, n.len));
}

static inline int inet_socket(const char *addr, int type, int proto)
{
	return CASE_SYS(socket(strchr(addr, ':') ? AF_INET6 : AF_INET, type, proto));
}

static inline int inet_bound(const char *addr, int type, int proto)
{
	int fd = inet_socket(addr, type, proto);

	inet_bind(fd, addr, 0);
	return fd;
}

static inline int inet_get(int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	CASE_SYS(getsockopt(fd, level, option, &value, &len));
	return value;
}

static inline void inet_set(int fd, int level, int option, int value)
{
	CASE_SYS(setsockopt(fd, level, option, &value, sizeof(value)));
}

static inline void inet_say(int fd, const char *text)
{
	CASE_EQ(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static inline void inet_say_to(int fd, const char *addr, int port, const char *text)
{
	struct inet_name n = inet_name(addr, port);

	CASE_EQ(sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&n.addr, n.len),
		strlen(text));
}

/* Waits for it; @from NULL: not looked at. */
static inline void inet_hear(int fd, const char *want, struct inet_name *from)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct inet_name n = { .len = sizeof(n.addr) };
	char buf[256];
	ssize_t got;

	CASE_SYS(poll(&p, 1, case_wait_s() * 1000));
	got = recvfrom(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT, (struct sockaddr *)&n.addr, &n.len);
	CASE_CHECK(got >= 0, "\"%s\" was not received: %s", want, strerror(errno));
	buf[got] = 0;
	CASE_CHECK(!strcmp(buf, want), "\"%s\" was received, not \"%s\"", buf, want);
	if (from)
		*from = n;
}

/* Nothing to read, and that is said with @error; 0: end of file. */
static inline void inet_silent(int fd, int error)
{
	char c;
	ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT);

	CASE_CHECK(n == (error ? -1 : 0) && (!error || errno == error),
		   "a read gave %zd (%s), not %s", n, n < 0 ? strerror(errno) : "",
		   error ? strerror(error) : "the end");
}

/* A connection to @listener at @addr, both ends. */
static inline void inet_pair(int listener, const char *addr, int *client_out, int *server_out)
{
	*client_out = inet_socket(addr, SOCK_STREAM, 0);
	inet_connect(*client_out, addr, inet_port(listener));
	*server_out = CASE_SYS(accept(listener, NULL, NULL));
}

#endif
