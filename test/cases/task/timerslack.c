/* SPDX-License-Identifier: GPL-2.0-only */
/* The timer slack of each thread. */
/* peer: no wrong version 4.1.1 does not save it */
#include "case.h"

#include <sys/prctl.h>

static void *body(void *number)
{
	unsigned long slack = 123456 + (long)number;

	CASE_SYS(prctl(PR_SET_TIMERSLACK, slack));
	case_here();
	case_wait_go();
	CASE_EQ(prctl(PR_GET_TIMERSLACK), slack);
	return NULL;
}

int main(void)
{
	int before = prctl(PR_GET_TIMERSLACK);

	case_threads(2, body);
	case_wait_here(2);
	case_ready();
	CASE_EQ(prctl(PR_GET_TIMERSLACK), before);
	case_threads_join();
	return case_pass();
}
