/* SPDX-License-Identifier: GPL-2.0-only */
/* Time read through the vDSO moves on, in each clock, and its code is where it was. */
#include "case.h"

#include <sched.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <time.h>

static const clockid_t clocks[] = {
	CLOCK_REALTIME,	     CLOCK_MONOTONIC, CLOCK_BOOTTIME,
	CLOCK_MONOTONIC_RAW, CLOCK_TAI,	      CLOCK_MONOTONIC_COARSE,
};

int main(void)
{
	struct timespec before[CASE_NR(clocks)], now;
	unsigned cpu, node;

	for (unsigned i = 0; i < CASE_NR(clocks); i++)
		CASE_SYS(clock_gettime(clocks[i], &before[i]));
	case_ready();
	case_sleep_ms(10);
	for (int n = 0; n < 1000; n++)
		for (unsigned i = 0; i < CASE_NR(clocks); i++) {
			CASE_SYS(clock_gettime(clocks[i], &now));
			CASE_CHECK(now.tv_sec > before[i].tv_sec ||
					   (now.tv_sec == before[i].tv_sec &&
					    now.tv_nsec > before[i].tv_nsec),
				   "clock %d stands still", clocks[i]);
			CASE_CHECK(now.tv_sec < before[i].tv_sec + 3600, "clock %d jumped",
				   clocks[i]);
		}
	CASE_CHECK(time(NULL) >= before[0].tv_sec, "time() went back");
	CASE_SYS(getcpu(&cpu, &node));
	CASE_CHECK(!memcmp((void *)getauxval(AT_SYSINFO_EHDR), "\177ELF", 4),
		   "no vDSO where it was");
	return case_pass();
}
