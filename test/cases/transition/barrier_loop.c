/* SPDX-License-Identifier: GPL-2.0-only */
/* Five threads meet at a barrier again and again; nobody is ever a round ahead. */
/* busy: it changes all the time */
#include "case.h"

#include <pthread.h>

#define NR 5

static pthread_barrier_t barrier;
static volatile long rounds[NR];
static volatile bool stop;

static void *worker(void *number)
{
	long me = (long)number;
	bool last;

	do {
		rounds[me]++;
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < NR; i++)
			CASE_EQ(rounds[i], rounds[me]);
		last = stop;
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			stop = stop || (case_go() && rounds[me] > 200);
		pthread_barrier_wait(&barrier);
	} while (!last);
	return NULL;
}

int main(void)
{
	CASE_EQ(pthread_barrier_init(&barrier, NULL, NR), 0);
	case_threads(NR, worker);
	while (rounds[0] < 50)
		case_sleep_ms(1);
	case_say_ready();
	case_threads_join();
	return case_pass();
}
