/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Listeners with connections: accepted ones with data both ways, and some that wait to be accepted, in their order.  The
 * file keeps its mode and owner, and new clients find it.
 */
#include "unix.h"

static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };

struct server {
	char name[32];
	int listener, client, accepted, pending[3];
};

static struct server servers[CASE_NR(types) * 2];

static void set_up(struct server *s, int type, int nr, bool is_abstract)
{
	snprintf(s->name, sizeof(s->name), is_abstract ? "@server %d of %d" : "server%d", nr,
		 getpid());
	s->listener = unix_listener(type, s->name, 5);
	if (!is_abstract) {
		CASE_SYS(chmod(s->name, 0604));
		CASE_SYS(chown(s->name, 12, 34));
	}
	s->client = unix_client(type, s->name);
	s->accepted = CASE_SYS(accept(s->listener, NULL, NULL));
	unix_say(s->client, "to server");
	unix_say(s->accepted, "to client");
	for (size_t i = 0; i < CASE_NR(s->pending); i++)
		s->pending[i] = unix_client(type, s->name);
}

static void check_pending(struct server *s)
{
	char text[16];

	for (size_t i = 0; i < CASE_NR(s->pending); i++) {
		int fd = CASE_SYS(accept(s->listener, NULL, NULL));

		snprintf(text, sizeof(text), "nr %zu", i);
		unix_say(s->pending[i], text);
		unix_hear(fd, text);
		unix_say(fd, text);
		unix_hear(s->pending[i], text);
		unix_check_names(fd, s->name, "");
		unix_check_names(s->pending[i], "", s->name);
	}
}

static void check(struct server *s, int type)
{
	int fd;

	unix_check_names(s->listener, s->name, NULL);
	CASE_EQ(unix_option(s->listener, SO_ACCEPTCONN), 1);
	unix_hear(s->accepted, "to server");
	unix_hear(s->client, "to client");
	check_pending(s);
	fd = unix_client(type, s->name);
	CASE_SYS(accept(s->listener, NULL, NULL));
	CASE_SYS(close(fd));
}

/* The queue takes as many connections as before: backlog and one more. */
static void check_backlog(struct server *s, int type)
{
	struct sockaddr_un a;
	socklen_t len = unix_addr(&a, s->name);
	int nr = 0;

	while (!connect(CASE_SYS(socket(AF_UNIX, type | SOCK_NONBLOCK, 0)), (struct sockaddr *)&a,
			len))
		nr++;
	CASE_EQ(errno, EAGAIN);
	CASE_EQ(nr, 6);
}

int main(void)
{
	struct stat before, after;

	for (size_t i = 0; i < CASE_NR(servers); i++)
		set_up(&servers[i], types[i % 2], (int)i, i >= CASE_NR(types));
	CASE_SYS(stat(servers[0].name, &before));
	case_ready();
	CASE_SYS(stat(servers[0].name, &after));
	CASE_EQ(after.st_mode, before.st_mode);
	CASE_EQ(after.st_uid, 12);
	CASE_EQ(after.st_gid, 34);
	for (size_t i = 0; i < CASE_NR(servers); i++)
		check(&servers[i], types[i % 2]);
	check_backlog(&servers[0], types[0]);
	return case_pass();
}
