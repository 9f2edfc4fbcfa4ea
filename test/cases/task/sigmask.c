/* SPDX-License-Identifier: GPL-2.0-only */
/* The blocked signals of each thread, all 64 of them, the two of the C library too. */
#include "case.h"

#include <signal.h>
#include <sys/syscall.h>

static uint64_t mask(uint64_t *new)
{
	uint64_t old;

	CASE_SYS(syscall(SYS_rt_sigprocmask, SIG_SETMASK, new, &old, 8));
	return old;
}

static void *body(void *number)
{
	uint64_t set = number ? 0x8000000380004400ULL : 0x00000001ffffbaffULL;

	set &= ~(1ULL << (SIGKILL - 1) | 1ULL << (SIGSTOP - 1));
	mask(&set);
	case_here();
	case_wait_go();
	CASE_EQ(mask(NULL), set);
	return NULL;
}

int main(void)
{
	case_threads(2, body);
	case_wait_here(2);
	case_ready();
	CASE_EQ(mask(NULL), 0);
	case_threads_join();
	return case_pass();
}
