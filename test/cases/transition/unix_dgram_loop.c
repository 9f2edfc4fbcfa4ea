/* SPDX-License-Identifier: GPL-2.0-only */
/* Many senders fill the queue of one datagram socket; each one's messages come all, once and in order. */
/* peer: no gives messages in queues other senders */
/* busy: it changes all the time */
#include "unix.h"

enum { SENDERS = 4 };

struct message {
	int sender;
	unsigned number;
	unsigned char filler[700];
};

static void sender(void *arg)
{
	struct message m = { .sender = (int)(intptr_t)arg };
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "sender%d", m.sender);
	fd = unix_bound(SOCK_DGRAM, name);
	unix_connect(fd, "receiver");
	for (m.number = 1; !case_go() || m.number < 100; m.number++) {
		size_t len = offsetof(struct message, filler) + m.number * 13 % sizeof(m.filler);

		memset(m.filler, (int)m.number, sizeof(m.filler));
		CASE_EQ(send(fd, &m, len, 0), len);
	}
	m.number = 0;
	CASE_EQ(send(fd, &m, offsetof(struct message, filler), 0),
		offsetof(struct message, filler));
}

static void check(const struct message *m, size_t len, unsigned *last, const char *from)
{
	char name[32];

	snprintf(name, sizeof(name), "sender%d", m->sender);
	CASE_CHECK(!strcmp(from, name), "a message of sender %d came from \"%s\"", m->sender, from);
	CASE_CHECK(m->number == *last + 1, "message %u of sender %d came after %u", m->number,
		   m->sender, *last);
	CASE_EQ(len, offsetof(struct message, filler) + m->number * 13 % sizeof(m->filler));
	*last = m->number;
}

int main(void)
{
	int fd = unix_bound(SOCK_DGRAM, "receiver"), ended = 0;
	unsigned last[SENDERS] = { 0 }, count = 0;
	pid_t pids[SENDERS];

	for (int i = 0; i < SENDERS; i++)
		pids[i] = case_fork(sender, (void *)(intptr_t)i);
	while (ended < SENDERS) {
		struct message m;
		struct sockaddr_un from = { .sun_path = "" };
		socklen_t from_len = sizeof(from);
		ssize_t n = CASE_SYS(
			recvfrom(fd, &m, sizeof(m), 0, (struct sockaddr *)&from, &from_len));

		if (m.number)
			check(&m, (size_t)n, &last[m.sender], from.sun_path);
		else
			ended++;
		if (++count == 200)
			case_say_ready();
	}
	for (int i = 0; i < SENDERS; i++)
		case_join(pids[i]);
	unix_silent(fd, EAGAIN);
	return case_pass();
}
