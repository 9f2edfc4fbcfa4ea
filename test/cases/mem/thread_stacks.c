/* SPDX-License-Identifier: GPL-2.0-only */
/* Stacks of threads: what is on them, and the guard page below them. */
#include "case.h"

#include <pthread.h>

static void *body(void *number)
{
	char local[100000];
	pthread_attr_t attr;
	size_t size;
	void *low;

	case_fill(local, sizeof(local), (long)number);
	case_here();
	case_thread_wait();
	case_check_fill(local, sizeof(local), (long)number, "stack of a thread");
	CASE_EQ(pthread_getattr_np(pthread_self(), &attr), 0);
	pthread_attr_getstack(&attr, &low, &size);
	CASE_CHECK(case_faults((char *)low - 64, NULL), "no guard below the stack");
	return NULL;
}

int main(void)
{
	/* One after the other: the faults are caught by one handler. */
	case_threads(1, body);
	case_wait_here(1);
	case_ready();
	case_threads_wake();
	case_threads_join();
	return case_pass();
}
