/* SPDX-License-Identifier: GPL-2.0-only */
/* The priority of input and output, of each thread its own. */
/* needs: root */
/* peer: no wrong does not save it */
#include "case.h"

#include <linux/ioprio.h>
#include <sys/syscall.h>

static const int prios[] = {
	IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6),
	IOPRIO_PRIO_VALUE(IOPRIO_CLASS_RT, 3),
	IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0),
	IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 1),
};

static int get(void)
{
	return CASE_SYS(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0));
}

static void set(int number)
{
	CASE_SYS(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, prios[number]));
	CASE_EQ(get(), prios[number]);
}

static void *thread(void *number)
{
	long i = (long)number + 1;

	/* The last one has none of its own. */
	if (i < (long)CASE_NR(prios))
		set(i);
	case_here();
	case_wait_go();
	if (i < (long)CASE_NR(prios))
		CASE_EQ(get(), prios[i]);
	return NULL;
}

int main(void)
{
	case_threads(CASE_NR(prios), thread);
	set(0);
	case_wait_here(CASE_NR(prios));
	case_ready();
	CASE_EQ(get(), prios[0]);
	case_threads_join();
	return case_pass();
}
