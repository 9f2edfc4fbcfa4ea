/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads of test programs: started together, waiting on one futex, joined together. */
#include "case.h"

#include <linux/futex.h>
#include <limits.h>
#include <pthread.h>
#include <sys/syscall.h>

static pthread_t *threads;
static int nr_threads;
static uint32_t woken;

pid_t case_tid(void)
{
	return syscall(SYS_gettid);
}

void case_threads(int nr, void *(*fn)(void *))
{
	pthread_attr_t attr;

	threads = calloc(nr, sizeof(*threads));
	nr_threads = nr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	for (long i = 0; i < nr; i++)
		CASE_EQ(pthread_create(&threads[i], &attr, fn, (void *)i), 0);
	pthread_attr_destroy(&attr);
}

void case_thread_wait(void)
{
	while (!__atomic_load_n(&woken, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &woken, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

void case_threads_wake(void)
{
	__atomic_store_n(&woken, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &woken, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void case_threads_join(void)
{
	for (int i = 0; i < nr_threads; i++)
		CASE_EQ(pthread_join(threads[i], NULL), 0);
	free(threads);
	threads = NULL;
	nr_threads = 0;
}
