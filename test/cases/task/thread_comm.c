/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads have names of their own, apart from that of the process. */
#include "case.h"

#include <stdio.h>
#include <sys/prctl.h>

static void *body(void *number)
{
	char name[16], now[16];

	snprintf(name, sizeof(name), "t%ld (x) S", (long)number);
	CASE_SYS(prctl(PR_SET_NAME, name));
	case_here();
	case_wait_go();
	CASE_SYS(prctl(PR_GET_NAME, now));
	CASE_CHECK(!strcmp(name, now), "thread %s became %s", name, now);
	return NULL;
}

int main(void)
{
	char now[16];

	CASE_SYS(prctl(PR_SET_NAME, "the leader"));
	case_threads(3, body);
	case_wait_here(3);
	case_ready();
	CASE_SYS(prctl(PR_GET_NAME, now));
	CASE_CHECK(!strcmp(now, "the leader"), "the leader became %s", now);
	case_threads_join();
	return case_pass();
}
