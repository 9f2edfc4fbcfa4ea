/* SPDX-License-Identifier: GPL-2.0-only */
/* The nice value of each thread. */
/* needs: root cap:sys_nice */
#include "case.h"

#include <sys/resource.h>

static const int wanted[] = { -11, 5, 19 };

static void *body(void *number)
{
	CASE_SYS(setpriority(PRIO_PROCESS, case_tid(), wanted[(long)number]));
	case_here();
	case_wait_go();
	CASE_EQ(getpriority(PRIO_PROCESS, case_tid()), wanted[(long)number]);
	return NULL;
}

int main(void)
{
	int inherited = getpriority(PRIO_PROCESS, 0);

	case_threads(3, body);
	case_wait_here(3);
	case_ready();
	CASE_EQ(getpriority(PRIO_PROCESS, case_tid()), inherited);
	case_threads_join();
	return case_pass();
}
