/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread that may not read the time stamp counter (PR_SET_TSC) still gets SIGSEGV for it; another may. */
/* peer: no wrong does not save it */
#include "case.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>

static _Thread_local sigjmp_buf back;

static void faulted(int sig)
{
	siglongjmp(back, sig);
}

static bool counter_faults(void)
{
	if (sigsetjmp(back, 1))
		return true;
	(void)__builtin_ia32_rdtsc();
	return false;
}

static void *thread(void *number)
{
	int how = 0;

	(void)number;
	CASE_SYS(prctl(PR_SET_TSC, PR_TSC_SIGSEGV));
	CASE_CHECK(counter_faults(), "it may read the counter");
	case_here();
	/* No clock in here: the vDSO reads the counter too. */
	case_thread_wait();
	CASE_SYS(prctl(PR_GET_TSC, &how));
	CASE_EQ(how, PR_TSC_SIGSEGV);
	CASE_CHECK(counter_faults(), "it may read the counter");
	return NULL;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = faulted };

	CASE_SYS(sigaction(SIGSEGV, &sa, NULL));
	case_threads(1, thread);
	case_wait_here(1);
	case_ready();
	CASE_CHECK(!counter_faults(), "the other thread may not read the counter");
	case_threads_wake();
	case_threads_join();
	return case_pass();
}
