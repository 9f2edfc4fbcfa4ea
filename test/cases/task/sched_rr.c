/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread of the RR scheduling class beside an ordinary one; its nice value is for later. */
/* needs: root cap:sys_nice */
#include "case.h"

#include <sched.h>
#include <sys/resource.h>

static void *body(void *arg)
{
	struct sched_param param = { .sched_priority = 23 };

	(void)arg;
	CASE_SYS(setpriority(PRIO_PROCESS, 0, 6));
	CASE_SYS(sched_setscheduler(0, SCHED_RR, &param));
	case_here();
	case_wait_go();
	CASE_EQ(sched_getscheduler(0), SCHED_RR);
	CASE_SYS(sched_getparam(0, &param));
	CASE_EQ(param.sched_priority, 23);
	param.sched_priority = 0;
	CASE_SYS(sched_setscheduler(0, SCHED_OTHER, &param));
	CASE_EQ(getpriority(PRIO_PROCESS, 0), 6);
	return NULL;
}

int main(void)
{
	case_threads(1, body);
	case_wait_here(1);
	case_ready();
	CASE_EQ(sched_getscheduler(0), SCHED_OTHER);
	case_threads_join();
	return case_pass();
}
