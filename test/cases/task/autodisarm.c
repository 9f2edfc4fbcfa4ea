/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads in handlers on alternate stacks with SS_AUTODISARM: the kernel forgets the stack while the
 * handler runs and takes it again when it returns.
 */
#include "case.h"

#include <signal.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif
#define NR 4
#define SIZE 65536

static char *stacks[NR];
static _Thread_local int me;

static void handler(int sig)
{
	stack_t now;
	char here;

	(void)sig;
	CASE_CHECK(&here >= stacks[me] && &here < stacks[me] + SIZE,
		   "thread %d is not on its stack", me);
	case_here();
	case_wait_go();
	CASE_SYS(sigaltstack(NULL, &now));
	CASE_EQ(now.ss_flags, SS_DISABLE);
}

static void *thread(void *number)
{
	stack_t ss = { .ss_size = SIZE, .ss_flags = (int)SS_AUTODISARM }, now;

	me = (long)number;
	ss.ss_sp = stacks[me];
	CASE_SYS(sigaltstack(&ss, NULL));
	raise(SIGUSR1);
	CASE_SYS(sigaltstack(NULL, &now));
	CASE_CHECK(now.ss_sp == stacks[me], "thread %d got another stack back", me);
	CASE_EQ(now.ss_size, SIZE);
	CASE_EQ((unsigned)now.ss_flags, SS_AUTODISARM);
	return NULL;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	CASE_SYS(sigaction(SIGUSR1, &sa, NULL));
	for (int i = 0; i < NR; i++)
		stacks[i] = case_map(SIZE);
	case_threads(NR, thread);
	case_wait_here(NR);
	case_ready();
	case_threads_join();
	return case_pass();
}
