/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that read the time through the vDSO all the time. */
/* busy: it changes all the time */
#include "case.h"

static volatile bool stop;

static void *body(void *number)
{
	int64_t last = 0;

	for (int round = 0; !stop; round++) {
		int64_t now = case_now_ns();

		CASE_CHECK(now >= last && (!last || now < last + 3600LL * 1000000000),
			   "thread %ld: %ld after %ld", (long)number, (long)now, (long)last);
		last = now;
		if (round == 1000)
			case_here();
	}
	return NULL;
}

int main(void)
{
	case_threads(2, body);
	case_wait_here(2);
	case_ready();
	case_sleep_ms(20);
	stop = true;
	case_threads_join();
	return case_pass();
}
