/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Robust lists: a process and a thread die after the restore while they hold robust mutexes, and the
 * next owner is told so.
 */
#include "case.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

struct shared {
	pthread_mutex_t of_child, of_thread;
};

static void init(pthread_mutex_t *m)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	CASE_EQ(pthread_mutex_init(m, &attr), 0);
}

static void hold(void *mutex)
{
	struct robust_list_head *before, *after;
	size_t len;

	CASE_EQ(pthread_mutex_lock(mutex), 0);
	CASE_SYS(syscall(SYS_get_robust_list, 0, &before, &len));
	case_here();
	case_wait_go();
	CASE_SYS(syscall(SYS_get_robust_list, 0, &after, &len));
	CASE_EQ(after, before);
}

static struct shared *s;

static void *body(void *arg)
{
	(void)arg;
	hold(&s->of_thread);
	return NULL;
}

int main(void)
{
	pid_t child;

	s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	init(&s->of_child);
	init(&s->of_thread);
	child = case_fork(hold, &s->of_child);
	case_threads(1, body);
	case_wait_here(2);
	case_ready();
	CASE_EQ(pthread_mutex_lock(&s->of_child), EOWNERDEAD);
	CASE_EQ(pthread_mutex_lock(&s->of_thread), EOWNERDEAD);
	case_threads_join();
	case_join(child);
	return case_pass();
}
