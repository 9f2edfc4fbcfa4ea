/* SPDX-License-Identifier: GPL-2.0-only */
/* Four threads put numbers into a queue and four take them out, with a mutex and two condition variables. */
/* busy: it changes all the time */
#include "case.h"

#include <pthread.h>

#define SLOTS 5

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER, not_empty = PTHREAD_COND_INITIALIZER;
static long queue[SLOTS], head, tail, sum_in, sum_out;
static volatile bool stop;

static void put(long value)
{
	pthread_mutex_lock(&mutex);
	while (head - tail == SLOTS)
		pthread_cond_wait(&not_full, &mutex);
	queue[head++ % SLOTS] = value;
	sum_in += value;
	pthread_mutex_unlock(&mutex);
	pthread_cond_signal(&not_empty);
}

static long take(void)
{
	long value;

	pthread_mutex_lock(&mutex);
	while (head == tail)
		pthread_cond_wait(&not_empty, &mutex);
	value = queue[tail++ % SLOTS];
	sum_out += value;
	pthread_mutex_unlock(&mutex);
	pthread_cond_signal(&not_full);
	return value;
}

static void *worker(void *number)
{
	long me = (long)number;

	for (long i = 1; me < 4 && !stop; i++) {
		put(i * 4 + me);
		if (i == 500)
			case_here();
	}
	if (me < 4)
		put(0);
	while (me >= 4 && take())
		;
	return NULL;
}

int main(void)
{
	case_threads(8, worker);
	case_wait_here(4);
	case_ready();
	case_sleep_ms(30);
	stop = true;
	case_threads_join();
	CASE_EQ(head, tail);
	CASE_EQ(sum_in, sum_out);
	return case_pass();
}
