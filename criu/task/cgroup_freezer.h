/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_CGROUP_FREEZER_H
#define TASK_CGROUP_FREEZER_H

/*
 * Holding all tasks of a cgroup still while they are attached to (--freeze-cgroup).
 *
 * A tool that dies meanwhile would leave the group frozen, so a guard process, a fork of the tool,
 * waits for the tool's end and puts the group back as it was found.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct cgroup_freezer {
	bool is_used; /* the rest means something */
	bool is_v2;
	bool was_frozen; /* by the user, before us */
	bool is_frozen;	 /* now */
	int dirfd;
	pid_t guard_pid; /* 0: none */
	int guard_fd;	 /* closing it makes the guard put the group back */
};

/*
 * Freezes the group in directory @path (v1: it has freezer.state; v2: cgroup.freeze) and waits
 * until all of it stands.  @deadline_us as in clock_us, UINT64_MAX: none.  On failure the group is
 * as it was found.
 */
MUST_USE struct err *cgroup_freezer_start(struct cgroup_freezer *c, const char *path,
					  uint64_t deadline_us);
/*
 * Whether a thread must not be attached to now: a task that a signal stopped and a frozen v1 group
 * holds never completes the move from its stop to ours, and PTRACE_SEIZE would wait for it.
 */
bool cgroup_freezer_bars(const struct cgroup_freezer *c, pid_t pid, pid_t tid);
/* Lets the group go, also one that the user had frozen: tracees must be able to run for us. */
MUST_USE struct err *cgroup_freezer_thaw(struct cgroup_freezer *c);
/*
 * Puts the group back as it was found; before the tasks are detached, so that those of a group the
 * user had frozen do not run.  Harmless twice and on an unused one.
 */
void cgroup_freezer_end(struct cgroup_freezer *c);

/*
 * ERR_UNSUPPORTED if the cgroup of @pid is frozen, by whom ever: without --freeze-cgroup nothing
 * would let its tasks run for us.  cgroup_frozen.c.
 */
MUST_USE struct err *cgroup_refuse_frozen(pid_t pid);

#endif
