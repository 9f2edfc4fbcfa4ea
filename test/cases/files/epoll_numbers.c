/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches whose numbers do not say what they are of: closed, used again by another file, twice the same, of a file that
 * only a child has; and an epoll that parent and child share.  They are told apart by their data, and the program changes
 * and removes them by number and file as before.
 */
/* peer: no-dump version 4.1 cannot dump one whose target has another number now */
/* peer: no-restore version 4.1 takes what it watches from the table of one task */
#include "case.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { HIGH = 900 };

static int epfd, only_child;

static void add(int fd, unsigned i)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = i };

	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev));
}

static unsigned ready(void)
{
	struct epoll_event ev[32];
	int n = CASE_SYS(epoll_wait(epfd, ev, 32, 0));
	unsigned bits = 0;

	for (int i = 0; i < n; i++)
		bits |= 1u << ev[i].data.u64;
	return bits;
}

static void put(int fd)
{
	uint64_t one = 1;

	CASE_EQ(write(fd, &one, 8), 8);
}

static void take(int fd)
{
	uint64_t n;

	CASE_EQ(read(fd, &n, 8), 8);
}

static void child(void *arg)
{
	(void)arg;
	add(only_child, 5);
	case_here();
	case_wait_go();
	put(only_child);
	while (access("seen", F_OK))
		case_sleep_ms(1);
}

int main(void)
{
	int closed, moved, reused, first, second, other, copies[4];
	pid_t pid;

	epfd = CASE_SYS(epoll_create1(0));
	/* Closed: only the duplicate is there. */
	closed = CASE_SYS(fcntl(CASE_SYS(eventfd(0, 0)), F_DUPFD, HIGH));
	add(closed, 0);
	copies[0] = CASE_SYS(dup(closed));
	CASE_SYS(close(closed));
	/* Used again by a file that is watched itself, under the same number. */
	first = CASE_SYS(eventfd(0, 0));
	add(first, 1);
	copies[1] = CASE_SYS(dup(first));
	second = CASE_SYS(eventfd(0, 0));
	CASE_EQ(CASE_SYS(dup2(second, first)), first);
	add(first, 2);
	copies[2] = second;
	/* Used again by a file that has nothing to do with it, close-on-exec. */
	reused = CASE_SYS(eventfd(0, 0));
	add(reused, 3);
	copies[3] = CASE_SYS(dup(reused));
	other = CASE_SYS(open("/dev/null", O_RDONLY | O_CLOEXEC));
	CASE_EQ(CASE_SYS(dup3(other, reused, O_CLOEXEC)), reused);
	/* Twice, by two numbers. */
	moved = CASE_SYS(dup(copies[3]));
	add(moved, 4);
	only_child = CASE_SYS(eventfd(0, 0));
	pid = case_fork(child, NULL);
	case_wait_here(1);
	CASE_SYS(close(only_child));
	case_ready();
	CASE_EQ(fcntl(reused, F_GETFD), FD_CLOEXEC);
	CASE_EQ(fcntl(closed, F_GETFD), -1);
	put(copies[0]);
	CASE_EQ(ready() & ~(1u << 5), 1 << 0);
	put(copies[1]);
	CASE_EQ(ready() & ~(1u << 5), 1 << 0 | 1 << 1);
	put(copies[2]);
	put(copies[3]);
	CASE_EQ(ready() & ~(1u << 5), 0x1f);
	/* Removed by the number they were added with. */
	CASE_EQ(epoll_ctl(epfd, EPOLL_CTL_DEL, copies[1], NULL), -1);
	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_DEL, first, NULL));
	CASE_EQ(ready() & ~(1u << 5), 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4);
	CASE_SYS(dup2(copies[0], closed));
	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_DEL, closed, NULL));
	CASE_SYS(dup2(copies[3], reused));
	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_DEL, reused, NULL));
	CASE_EQ(ready() & ~(1u << 5), 1 << 1 | 1 << 4);
	take(copies[3]);
	take(copies[1]);
	while (ready() != 1 << 5)
		case_sleep_ms(1);
	case_write_file("seen", "");
	case_join(pid);
	/* The last descriptor of it is closed now, so it is watched no more. */
	CASE_EQ(ready(), 0);
	return case_pass();
}
