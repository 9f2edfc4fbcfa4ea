/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads wait in one epoll for tokens that come through pipes, each watch armed for one event (EPOLLONESHOT, every
 * other one EPOLLET); they take the token, arm the watch again and pass the token on, while another thread adds and
 * removes watches of its own.  A token that is lost or told twice shows.
 */
/* busy: it changes all the time */
/* peer: no-dump ends epoll_wait with EINTR */
#include "case.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { PIPES = 16, TOKENS = 4, WAITERS = 3 };

static int ends[PIPES][2], epfd, stop_fd;
static unsigned passed;

static void arm(int op, unsigned i)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT | (i % 2 ? EPOLLET : 0),
				  .data.u64 = UINT64_C(0x100000000) * i + 7 };

	CASE_SYS(epoll_ctl(epfd, op, ends[i][0], &ev));
}

static void *waiter(void *arg)
{
	(void)arg;
	for (;;) {
		struct epoll_event ev;
		unsigned i, token;

		CASE_EQ(epoll_wait(epfd, &ev, 1, -1), 1);
		if (ev.data.u64 == UINT64_MAX)
			return NULL;
		CASE_EQ(ev.data.u64 & UINT32_MAX, 7);
		CASE_CHECK(!(ev.events & (EPOLLERR | EPOLLHUP)), "events %#x", ev.events);
		i = (unsigned)(ev.data.u64 >> 32);
		CASE_EQ(read(ends[i][0], &token, sizeof(token)), (ssize_t)sizeof(token));
		arm(EPOLL_CTL_MOD, i);
		__atomic_add_fetch(&passed, 1, __ATOMIC_RELAXED);
		i = (i * 7 + token) % PIPES;
		CASE_EQ(write(ends[i][1], &token, sizeof(token)), (ssize_t)sizeof(token));
	}
}

static void *changer(void *arg)
{
	int fd = CASE_SYS(eventfd(0, 0));
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 0 };

	(void)arg;
	while (!__atomic_load_n(&stop_fd, __ATOMIC_RELAXED)) {
		int copy = CASE_SYS(dup(fd));

		CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_ADD, copy, &ev));
		ev.data.u64++;
		CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_MOD, copy, &ev));
		CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_DEL, copy, NULL));
		CASE_SYS(close(copy));
	}
	return NULL;
}

static unsigned count_passed(void)
{
	return __atomic_load_n(&passed, __ATOMIC_RELAXED);
}

int main(void)
{
	struct epoll_event stop = { .events = EPOLLIN, .data.u64 = UINT64_MAX };
	pthread_t threads[WAITERS + 1];
	unsigned before;
	int fd;

	epfd = CASE_SYS(epoll_create1(0));
	for (unsigned i = 0; i < PIPES; i++) {
		CASE_SYS(pipe(ends[i]));
		arm(EPOLL_CTL_ADD, i);
	}
	for (unsigned i = 0; i < WAITERS + 1; i++)
		CASE_EQ(pthread_create(&threads[i], NULL, i < WAITERS ? waiter : changer, NULL), 0);
	for (unsigned token = 1; token <= TOKENS; token++)
		CASE_EQ(write(ends[token][1], &token, sizeof(token)), (ssize_t)sizeof(token));
	while (count_passed() < 200)
		case_sleep_ms(1);
	case_say_ready();
	while (!case_go())
		case_sleep_ms(1);
	before = count_passed();
	while (count_passed() < before + 200)
		case_sleep_ms(1);
	fd = CASE_SYS(eventfd(1, 0));
	__atomic_store_n(&stop_fd, fd, __ATOMIC_RELAXED);
	CASE_SYS(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &stop));
	for (unsigned i = 0; i < WAITERS + 1; i++)
		CASE_EQ(pthread_join(threads[i], NULL), 0);
	/* All tokens are in the pipes now. */
	before = 0;
	for (unsigned i = 0; i < PIPES; i++) {
		unsigned token[TOKENS + 1];

		CASE_SYS(close(ends[i][1]));
		before += (unsigned)CASE_SYS(read(ends[i][0], token, sizeof(token))) /
			  sizeof(*token);
	}
	CASE_EQ(before, TOKENS);
	return case_pass();
}
