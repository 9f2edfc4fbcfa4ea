/* SPDX-License-Identifier: GPL-2.0-only */
/* A whole case with NR_THREADS threads: number, name and thread-local memory of each. */
#include "case.h"

#include <stdio.h>
#include <sys/prctl.h>

static _Thread_local long own;

static void *body(void *number)
{
	long seed = (long)number * 7919 + 1;
	pid_t tid = case_tid();
	char name[16], now[16];

	own = seed;
	snprintf(name, sizeof(name), "worker-%ld", (long)number);
	prctl(PR_SET_NAME, name);
	case_here();
	case_thread_wait();
	CASE_EQ(own, seed);
	CASE_EQ(case_tid(), tid);
	prctl(PR_GET_NAME, now);
	CASE_CHECK(!strcmp(name, now), "thread %s became %s", name, now);
	return NULL;
}

int main(void)
{
	case_threads(NR_THREADS, body);
	case_wait_here(NR_THREADS);
	case_ready();
	case_threads_wake();
	case_threads_join();
	return case_pass();
}
