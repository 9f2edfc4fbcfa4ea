/* SPDX-License-Identifier: GPL-2.0-only */
/* Event counters: the value, flags, one descriptor twice and one shared with a child. */
#include "eventfds.h"

#include <poll.h>

static const struct eventfd_want wants[] = {
	{ 0, 0 },
	{ 1, 0 },
	{ 2, EFD_NONBLOCK },
	{ 0xfffffffe, EFD_CLOEXEC },
};

static int fds[CASE_NR(wants)], shared;

static void child(void *arg)
{
	uint64_t one = 1;

	(void)arg;
	case_here();
	case_wait_go();
	CASE_EQ(write(shared, &one, 8), 8);
}

int main(void)
{
	struct pollfd p = { .events = POLLIN };
	uint64_t got;
	int dup_fd;
	pid_t pid;

	for (size_t i = 0; i < CASE_NR(wants); i++)
		fds[i] = eventfd_make(&wants[i]);
	shared = CASE_SYS(eventfd(0, 0));
	dup_fd = CASE_SYS(dup(shared));
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	for (size_t i = 0; i < CASE_NR(wants); i++)
		eventfd_check(fds[i], &wants[i]);
	case_join(pid);
	p.fd = dup_fd;
	CASE_EQ(poll(&p, 1, 10000), 1);
	CASE_EQ(read(dup_fd, &got, 8), 8);
	CASE_EQ(got, 1);
	return case_pass();
}
