/* SPDX-License-Identifier: GPL-2.0-only */
/* Short words for unix sockets. */
#ifndef TEST_UNIX_H
#define TEST_UNIX_H

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "case.h"

/* "@name" is abstract. */
static inline socklen_t unix_addr(struct sockaddr_un *a, const char *name)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, name, strlen(name));
	if (name[0] != '@')
		return (socklen_t)sizeof(*a);
	a->sun_path[0] = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
}

static inline int unix_bound(int type, const char *name)
{
	struct sockaddr_un a;
	socklen_t len = unix_addr(&a, name);
	int fd = CASE_SYS(socket(AF_UNIX, type, 0));

	CASE_SYS(bind(fd, (struct sockaddr *)&a, len));
	return fd;
}

static inline int unix_listener(int type, const char *name, int backlog)
{
	int fd = unix_bound(type, name);

	CASE_SYS(listen(fd, backlog));
	return fd;
}

static inline void unix_connect(int fd, const char *name)
{
	struct sockaddr_un a;
	socklen_t len = unix_addr(&a, name);

	CASE_SYS(connect(fd, (struct sockaddr *)&a, len));
}

static inline int unix_client(int type, const char *name)
{
	int fd = CASE_SYS(socket(AF_UNIX, type, 0));

	unix_connect(fd, name);
	return fd;
}

static inline void unix_say(int fd, const char *text)
{
	CASE_EQ(send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT), strlen(text));
}

static inline void unix_say_to(int fd, const char *name, const char *text)
{
	struct sockaddr_un a;
	socklen_t len = unix_addr(&a, name);

	CASE_EQ(sendto(fd, text, strlen(text), MSG_DONTWAIT, (struct sockaddr *)&a, len),
		strlen(text));
}

static inline void unix_check_name(const struct sockaddr_un *a, socklen_t len, const char *want)
{
	struct sockaddr_un b;
	socklen_t want_len = unix_addr(&b, want);
	char got[sizeof(a->sun_path) + 1] = "";

	if (want[0] != '@')
		want_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(want) +
				       !!want[0]);
	if (len > offsetof(struct sockaddr_un, sun_path))
		memcpy(got, a->sun_path, len - offsetof(struct sockaddr_un, sun_path));
	CASE_CHECK(len == want_len && !memcmp(got, b.sun_path, strlen(want)),
		   "the name is \"%s%s\" of %u bytes, not \"%s\"", got[0] ? "" : "@", got + !got[0],
		   (unsigned)len, want);
}

/* One message, of a stream all that there is, from @name; NULL: not looked at. */
static inline void unix_hear_from(int fd, const char *want, const char *name)
{
	char buf[256];
	struct sockaddr_un from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT, (struct sockaddr *)&from,
			     &len);

	CASE_CHECK(n >= 0, "\"%s\" was not received: %s", want, strerror(errno));
	buf[n] = 0;
	CASE_CHECK(!strcmp(buf, want), "\"%s\" was received, not \"%s\"", buf, want);
	if (name && !name[0])
		CASE_EQ(len <= offsetof(struct sockaddr_un, sun_path), true);
	else if (name)
		unix_check_name(&from, len, name);
}

static inline void unix_hear(int fd, const char *want)
{
	unix_hear_from(fd, want, NULL);
}

/* Nothing to read, and that is said with @error; 0: end of file. */
static inline void unix_silent(int fd, int error)
{
	char c;
	ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT);

	CASE_CHECK(n == (error ? -1 : 0) && (!error || errno == error),
		   "a read gave %zd (%s), not %s", n, n < 0 ? strerror(errno) : "",
		   error ? strerror(error) : "the end");
}

static inline void unix_check_names(int fd, const char *own, const char *peer)
{
	struct sockaddr_un a;
	socklen_t len = sizeof(a);

	CASE_SYS(getsockname(fd, (struct sockaddr *)&a, &len));
	unix_check_name(&a, len, own);
	len = sizeof(a);
	if (peer) {
		CASE_SYS(getpeername(fd, (struct sockaddr *)&a, &len));
		unix_check_name(&a, len, peer);
	} else {
		CASE_EQ(getpeername(fd, (struct sockaddr *)&a, &len), -1);
		CASE_EQ(errno, ENOTCONN);
	}
}

static inline int unix_option(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	CASE_SYS(getsockopt(fd, SOL_SOCKET, option, &value, &len));
	return value;
}

static inline void unix_set(int fd, int option, int value)
{
	CASE_SYS(setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)));
}

/* What poll(2) says at once about @fd. */
static inline int unix_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	CASE_SYS(poll(&p, 1, 0));
	return p.revents;
}

#endif
