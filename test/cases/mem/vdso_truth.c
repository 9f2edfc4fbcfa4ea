/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the vDSO tells is what the system calls tell, also for a thread that is in the middle of it when it is
 * stopped, and also where the restore has another kernel and another boot (test/vm/cross).
 */
/* busy: a thread reads clocks all the time */
#include "case.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static volatile bool stop;

static const clockid_t clocks[] = {
	CLOCK_REALTIME, CLOCK_MONOTONIC,	CLOCK_BOOTTIME,	       CLOCK_MONOTONIC_RAW,
	CLOCK_TAI,	CLOCK_MONOTONIC_COARSE, CLOCK_REALTIME_COARSE,
};

static int64_t ns(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000LL + ts->tv_nsec;
}

static int64_t by_kernel(clockid_t clock)
{
	struct timespec ts;

	CASE_SYS(syscall(SYS_clock_gettime, clock, &ts));
	return ns(&ts);
}

static int64_t by_vdso(clockid_t clock)
{
	struct timespec ts;

	CASE_SYS(clock_gettime(clock, &ts));
	return ns(&ts);
}

/* The kernel is asked before and after.  A clock that goes back in between has changed its boot. */
static void compare(clockid_t clock)
{
	int64_t before = by_kernel(clock), told = by_vdso(clock), after = by_kernel(clock);

	CASE_CHECK(before > after || (before <= told && told <= after),
		   "clock %d: the kernel says %ld, the vDSO %ld, the kernel %ld", clock,
		   (long)before, (long)told, (long)after);
}

static void *reader(void *arg)
{
	(void)arg;
	for (int round = 0; !stop; round++) {
		compare(CLOCK_REALTIME);
		compare(CLOCK_MONOTONIC);
		if (round == 1000)
			case_here();
	}
	return NULL;
}

static void compare_others(void)
{
	struct timespec by_call, by_function;
	time_t before = by_kernel(CLOCK_REALTIME_COARSE) / 1000000000, seconds = time(NULL);
	struct timeval tv;
	unsigned cpu, node;

	CASE_CHECK(before <= seconds && seconds <= by_kernel(CLOCK_REALTIME) / 1000000000,
		   "time() says %ld", (long)seconds);
	CASE_SYS(gettimeofday(&tv, NULL));
	CASE_CHECK(before <= tv.tv_sec && tv.tv_sec <= by_kernel(CLOCK_REALTIME) / 1000000000,
		   "gettimeofday() says %ld", (long)tv.tv_sec);
	for (unsigned i = 0; i < CASE_NR(clocks); i++) {
		CASE_SYS(syscall(SYS_clock_getres, clocks[i], &by_call));
		CASE_SYS(clock_getres(clocks[i], &by_function));
		CASE_EQ(ns(&by_function), ns(&by_call));
	}
	CASE_SYS(getcpu(&cpu, &node));
	CASE_CHECK(cpu < 8192, "getcpu() says %u", cpu);
}

static void compare_all(void)
{
	for (int round = 0; round < 1000; round++)
		for (unsigned i = 0; i < CASE_NR(clocks); i++)
			compare(clocks[i]);
	compare_others();
}

int main(void)
{
	struct timespec now;
	int64_t before;

	compare_all();
	case_threads(1, reader);
	case_wait_here(1);
	before = by_vdso(CLOCK_REALTIME);
	case_ready();
	compare_all();
	case_sleep_ms(20);
	CASE_SYS(clock_gettime(CLOCK_REALTIME, &now));
	CASE_CHECK(ns(&now) > before, "the time of day went back from %ld to %ld", (long)before,
		   (long)ns(&now));
	stop = true;
	case_threads_join();
	return case_pass();
}
