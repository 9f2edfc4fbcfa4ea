/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A robust mutex in shared memory goes from process to process; some end while they hold it, and the
 * next one is told.  No number is counted twice and none is left out.
 */
/* busy: it changes all the time */
#include "case.h"

#include <pthread.h>
#include <sys/wait.h>

struct shared {
	pthread_mutex_t mutex;
	long count, died;
};

static struct shared *s;

static void lock(void)
{
	int r = pthread_mutex_lock(&s->mutex);

	if (r == EOWNERDEAD) {
		s->died++;
		r = pthread_mutex_consistent(&s->mutex);
	}
	CASE_EQ(r, 0);
}

static void worker(void *dies)
{
	for (int i = 0; i < 50; i++) {
		lock();
		s->count++;
		if (i == 49 && dies)
			_exit(0);
		CASE_EQ(pthread_mutex_unlock(&s->mutex), 0);
	}
}

int main(void)
{
	pthread_mutexattr_t attr;
	long rounds = 0;
	pid_t pids[3];

	s = case_map_shared(4096);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	CASE_EQ(pthread_mutex_init(&s->mutex, &attr), 0);
	for (; rounds < 10 || !case_go(); rounds++) {
		for (int i = 0; i < 3; i++)
			pids[i] = case_fork(worker, i ? s : NULL);
		for (int i = 0; i < 3; i++)
			case_join(pids[i]);
		lock();
		CASE_EQ(s->count, (rounds + 1) * 150);
		CASE_EQ(s->died, (rounds + 1) * 2);
		CASE_EQ(pthread_mutex_unlock(&s->mutex), 0);
		if (rounds == 3)
			case_say_ready();
	}
	return case_pass();
}
