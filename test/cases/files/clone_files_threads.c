/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads of which one left the common table of descriptors by unshare(CLONE_FILES). */
/* refuse: thread.*descriptor|descriptor.*thread|CLONE_FILES */
/* peer: no wrong dumps it without a word and loses the table of the thread */
#include "case.h"

#include <fcntl.h>
#include <sched.h>

static int common;

static void *body(void *arg)
{
	int own;

	(void)arg;
	CASE_SYS(unshare(CLONE_FILES));
	own = CASE_SYS(open("/dev/zero", O_RDONLY));
	case_here();
	case_wait_go();
	CASE_SYS(fcntl(own, F_GETFD));
	return NULL;
}

int main(void)
{
	common = CASE_SYS(open("/dev/null", O_RDONLY));
	case_threads(1, body);
	case_wait_here(1);
	case_ready();
	CASE_EQ(fcntl(common + 1, F_GETFD), -1);
	case_threads_join();
	return case_pass();
}
