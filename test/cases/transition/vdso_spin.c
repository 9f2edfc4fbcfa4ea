/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that are nearly always inside of the vDSO, at its functions' first instructions as well: where another
 * kernel restores them (test/vm/cross), these are the bytes that a redirection overwrites.
 */
/* busy: it changes all the time */
#include "case.h"

#include <sched.h>
#include <sys/time.h>
#include <time.h>

static volatile bool stop;

static void *body(void *number)
{
	int64_t last = 0;

	for (int round = 0; !stop; round++) {
		unsigned cpu = 8192, node;
		struct timespec ts, resolution;
		struct timeval tv;
		int64_t now;

		CASE_SYS(clock_gettime(CLOCK_REALTIME, &ts));
		now = ts.tv_sec * 1000000000LL + ts.tv_nsec;
		CASE_CHECK(now >= last && (!last || now < last + 3600LL * 1000000000),
			   "thread %ld: %ld after %ld", (long)number, (long)now, (long)last);
		last = now;
		CASE_SYS(gettimeofday(&tv, NULL));
		CASE_CHECK(tv.tv_sec >= ts.tv_sec && tv.tv_sec < ts.tv_sec + 3600,
			   "thread %ld: gettimeofday() says %ld", (long)number, (long)tv.tv_sec);
		CASE_SYS(getcpu(&cpu, &node));
		CASE_CHECK(cpu < 8192, "thread %ld: getcpu() says %u", (long)number, cpu);
		CASE_SYS(clock_getres(CLOCK_REALTIME, &resolution));
		if (round == 1000)
			case_here();
	}
	return NULL;
}

int main(void)
{
	case_threads(16, body);
	case_wait_here(16);
	case_ready();
	case_sleep_ms(50);
	stop = true;
	case_threads_join();
	return case_pass();
}
