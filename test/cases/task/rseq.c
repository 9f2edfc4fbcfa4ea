/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Restartable sequences stay registered: the kernel writes the processor number at the old place, and
 * still refuses to register there again.
 */
#include "case.h"

#include <linux/rseq.h>
#include <sched.h>
#include <sys/syscall.h>

#define SIGNATURE 0x53053053

static _Thread_local struct rseq mine __attribute__((aligned(64)));
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned __rseq_size __attribute__((weak));

static struct rseq *find(void)
{
	if (&__rseq_size && __rseq_size)
		return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
	CASE_SYS(syscall(SYS_rseq, &mine, 32, 0, SIGNATURE));
	return &mine;
}

static void *body(void *arg)
{
	struct rseq *area = find();

	(void)arg;
	case_here();
	case_wait_go();
	CASE_EQ(syscall(SYS_rseq, area, 32, 0, SIGNATURE), -1);
	CASE_EQ(errno, EBUSY);
	for (int cpu = 0; cpu < 64; cpu++) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		area->cpu_id = 4711;
		if (sched_setaffinity(0, sizeof(set), &set) == 0 && sched_yield() == 0)
			CASE_CHECK(area->cpu_id == (unsigned)cpu || area->cpu_id == 4711,
				   "cpu_id %u on %d", area->cpu_id, cpu);
	}
	/* The kernel writes it at the latest when the thread was preempted. */
	area->cpu_id = 4711;
	while (*(volatile uint32_t *)&area->cpu_id == 4711)
		case_sleep_ms(1);
	return NULL;
}

int main(void)
{
	case_threads(3, body);
	case_wait_here(3);
	case_ready();
	case_threads_join();
	return case_pass();
}
