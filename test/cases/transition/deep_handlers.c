/* SPDX-License-Identifier: GPL-2.0-only */
/* Handlers on alternate stacks that call themselves deeply, in three threads, with a sum that must come out. */
/* busy: it changes all the time */
#include "case.h"

#include <signal.h>

#define SIZE (256 << 10)

static volatile bool stop;
static _Thread_local volatile long result;

static long deep(int left)
{
	volatile long mine = left;

	return left ? deep(left - 1) + mine : 0;
}

static void handler(int sig)
{
	(void)sig;
	result = deep(400);
}

static void *thread(void *number)
{
	stack_t ss = { .ss_sp = case_map(SIZE), .ss_size = SIZE };

	CASE_SYS(sigaltstack(&ss, NULL));
	for (int i = 0; !stop; i++) {
		result = 0;
		raise(SIGUSR1 + (long)number % 2 * (SIGUSR2 - SIGUSR1));
		CASE_EQ(result, 400 * 401 / 2);
		if (i == 100)
			case_here();
	}
	return NULL;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	CASE_SYS(sigaction(SIGUSR1, &sa, NULL));
	CASE_SYS(sigaction(SIGUSR2, &sa, NULL));
	case_threads(3, thread);
	case_wait_here(3);
	case_ready();
	case_sleep_ms(20);
	stop = true;
	case_threads_join();
	return case_pass();
}
