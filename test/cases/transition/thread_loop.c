/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads start and end as fast as possible; each gives its own result to its join. */
/* busy: it changes all the time */
#include "case.h"

#include <pthread.h>

static void *body(void *number)
{
	static _Thread_local long mine;

	mine = (long)number * 3;
	if (case_tid() % 7 == 0)
		usleep(100);
	return (void *)mine;
}

static void round_of(long seed)
{
	pthread_t t[8];
	void *result;

	for (long i = 0; i < 8; i++)
		CASE_EQ(pthread_create(&t[i], NULL, body, (void *)(seed + i)), 0);
	for (long i = 0; i < 8; i++) {
		CASE_EQ(pthread_join(t[i], &result), 0);
		CASE_EQ((long)result, (seed + i) * 3);
	}
}

int main(void)
{
	long round = 0;

	for (; !case_go(); round++) {
		round_of(round * 10);
		if (round == 20)
			case_say_ready();
	}
	for (long i = 0; i < 20; i++)
		round_of(i);
	return case_pass();
}
