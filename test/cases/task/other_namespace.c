/* SPDX-License-Identifier: GPL-2.0-only */
/* Each task that lives in another namespace than the tool is refused, by the kind of its namespace. */
/* needs: root cap:sys_admin */
/* refuse: another mnt namespace.*nsenter */
/* refuse: another net namespace */
/* refuse: another ipc namespace */
/* refuse: another uts namespace */
/* refuse: another time namespace */
/* refuse: another user namespace */
/* refuse: another cgroup namespace */
/* peer: no takes some of them */
#include "case.h"

#include <sched.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static const int kinds[] = { CLONE_NEWNS,   CLONE_NEWNET,  CLONE_NEWIPC,   CLONE_NEWUTS,
			     CLONE_NEWTIME, CLONE_NEWUSER, CLONE_NEWCGROUP };

static void be_root_there(void)
{
	case_write_file("/proc/self/setgroups", "deny");
	case_write_file("/proc/self/uid_map", "0 0 1");
	case_write_file("/proc/self/gid_map", "0 0 1");
}

static void idle(void *arg)
{
	(void)arg;
	case_here();
	case_wait_go();
}

static void child(void *kind)
{
	if (unshare(*(const int *)kind))
		case_skip("unshare(%#x): %s", *(const int *)kind, strerror(errno));
	if (*(const int *)kind == CLONE_NEWUSER)
		be_root_there();
	/* Only children are in the new time namespace. */
	if (*(const int *)kind == CLONE_NEWTIME)
		case_join(case_fork(idle, NULL));
	else
		idle(NULL);
}

int main(void)
{
	pid_t pids[CASE_NR(kinds)];

	for (size_t i = 0; i < CASE_NR(kinds); i++)
		pids[i] = case_fork(child, (void *)&kinds[i]);
	case_wait_here(CASE_NR(kinds));
	case_ready();
	for (size_t i = 0; i < CASE_NR(kinds); i++)
		case_join(pids[i]);
	return case_pass();
}
