/* SPDX-License-Identifier: GPL-2.0-only */
/* A process of many threads.  CASE_THREADS says how many (1000; the full count is 5000). */
/* budget: 120s */
#include "case.h"

static void *body(void *number)
{
	pid_t tid = case_tid();

	case_here();
	case_thread_wait();
	CASE_EQ(case_tid(), tid);
	return number;
}

int main(void)
{
	const char *env = getenv("CASE_THREADS");
	int nr = env ? atoi(env) : 1000;

	case_threads(nr, body);
	case_wait_here(nr);
	case_ready();
	case_threads_wake();
	case_threads_join();
	return case_pass();
}
