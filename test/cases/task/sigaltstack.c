/* SPDX-License-Identifier: GPL-2.0-only */
/* An alternate signal stack per thread, used by the next signal. */
#include "case.h"

#include <pthread.h>
#include <signal.h>

static char stacks[3][65536];

static void handler(int sig)
{
	char *at = (char *)&sig, *low = stacks[0];

	CASE_CHECK(at >= low && at < low + sizeof(stacks), "the handler runs at %p", at);
}

static void check(long number, int flags)
{
	stack_t now;

	CASE_SYS(sigaltstack(NULL, &now));
	CASE_EQ(now.ss_sp, stacks[number]);
	CASE_EQ(now.ss_size, sizeof(stacks[0]) - number * 4096);
	CASE_EQ(now.ss_flags, flags);
	CASE_EQ(pthread_kill(pthread_self(), SIGUSR1), 0);
}

static void set(long number, int flags)
{
	stack_t s = { .ss_sp = stacks[number],
		      .ss_size = sizeof(stacks[0]) - number * 4096,
		      .ss_flags = flags };

	CASE_SYS(sigaltstack(&s, NULL));
}

static void *body(void *number)
{
	int flags = (long)number == 1 ? (int)(1u << 31) /* SS_AUTODISARM */ : 0;

	set((long)number, flags);
	case_here();
	case_wait_go();
	check((long)number, flags);
	return NULL;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	CASE_SYS(sigaction(SIGUSR1, &sa, NULL));
	case_threads(2, body);
	set(2, 0);
	case_wait_here(2);
	case_ready();
	check(2, 0);
	case_threads_join();
	return case_pass();
}
