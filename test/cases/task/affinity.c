/* SPDX-License-Identifier: GPL-2.0-only */
/* The processors a thread may run on. */
/* needs: cpus:2 */
/* peer: no wrong does not save affinity */
#include "case.h"

#include <sched.h>

static void *body(void *number)
{
	cpu_set_t set, now;

	CPU_ZERO(&set);
	CPU_SET((long)number, &set);
	CASE_SYS(sched_setaffinity(0, sizeof(set), &set));
	case_here();
	case_wait_go();
	CASE_SYS(sched_getaffinity(0, sizeof(now), &now));
	CASE_CHECK(CPU_EQUAL(&set, &now), "thread %ld may run on %d processors", (long)number,
		   CPU_COUNT(&now));
	CASE_EQ(sched_getcpu(), (long)number);
	return NULL;
}

int main(void)
{
	cpu_set_t before, now;

	CASE_SYS(sched_getaffinity(0, sizeof(before), &before));
	case_threads(2, body);
	case_wait_here(2);
	case_ready();
	CASE_SYS(sched_getaffinity(0, sizeof(now), &now));
	CASE_CHECK(CPU_EQUAL(&before, &now), "the leader may run on %d processors",
		   CPU_COUNT(&now));
	case_threads_join();
	return case_pass();
}
