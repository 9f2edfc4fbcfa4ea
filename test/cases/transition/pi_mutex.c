/* SPDX-License-Identifier: GPL-2.0-only */
/* A mutex with priority inheritance, in shared memory, between the threads of two processes. */
/* busy: it changes all the time */
#include "case.h"

#include <pthread.h>

static struct shared {
	pthread_mutex_t mutex;
	long count, inside;
} * s;

static void *worker(void *number)
{
	(void)number;
	for (int i = 0; i < 300 || !case_go(); i++) {
		int r = pthread_mutex_lock(&s->mutex);

		CASE_EQ(r, 0);
		CASE_EQ(s->inside++, 0);
		s->count++;
		CASE_EQ(--s->inside, 0);
		CASE_EQ(pthread_mutex_unlock(&s->mutex), 0);
		if (i == 50)
			case_here();
	}
	return NULL;
}

static void process(void *arg)
{
	(void)arg;
	case_threads(2, worker);
	case_threads_join();
}

int main(void)
{
	pthread_mutexattr_t attr;
	pid_t pid;

	s = case_map_shared(4096);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT) ||
	    pthread_mutex_init(&s->mutex, &attr))
		case_skip("no mutexes with priority inheritance");
	pid = case_fork(process, NULL);
	case_threads(2, worker);
	case_wait_here(4);
	case_say_ready();
	case_threads_join();
	case_join(pid);
	CASE_CHECK(s->count >= 4 * 300, "only %ld rounds", s->count);
	return case_pass();
}
