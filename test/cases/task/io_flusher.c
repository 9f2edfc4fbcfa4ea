/* SPDX-License-Identifier: GPL-2.0-only */
/* A task that serves a disk (PR_SET_IO_FLUSHER) goes on as one; its child inherited it and took it back. */
/* needs: cap:sys_resource */
/* peer: no wrong does not save it */
#include "case.h"

#include <sys/prctl.h>

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#define PR_GET_IO_FLUSHER 58
#endif

static void child(void *arg)
{
	(void)arg;
	CASE_EQ(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0), 1);
	CASE_SYS(prctl(PR_SET_IO_FLUSHER, 0, 0, 0, 0));
	case_here();
	case_wait_go();
	CASE_EQ(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0), 0);
}

int main(void)
{
	pid_t pid;

	CASE_SYS(prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0));
	pid = case_fork(child, NULL);
	case_wait_here(1);
	case_ready();
	CASE_EQ(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0), 1);
	case_join(pid);
	return case_pass();
}
