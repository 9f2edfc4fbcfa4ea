/* SPDX-License-Identifier: GPL-2.0-only */
/* SCHED_RESET_ON_FORK: children born after the restore get the ordinary class again. */
/* needs: cap:sys_nice */
#include "case.h"

#include <sched.h>

static void child(void *arg)
{
	(void)arg;
	CASE_EQ(sched_getscheduler(0), SCHED_OTHER);
}

int main(void)
{
	struct sched_param param = { .sched_priority = 7 };

	CASE_SYS(sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param));
	case_ready();
	CASE_EQ(sched_getscheduler(0), SCHED_RR | SCHED_RESET_ON_FORK);
	CASE_SYS(sched_getparam(0, &param));
	CASE_EQ(param.sched_priority, 7);
	case_join(case_fork(child, NULL));
	return case_pass();
}
