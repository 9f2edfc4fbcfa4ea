/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_BORN_H
#define TASK_BORN_H

/*
 * Who makes whom, and when, so that every task ends with its parent, session and process group.
 *
 * A task gets its session by fork from somebody in that session, or by setsid().  Hence a child
 * whose session is the one its parent had before its own setsid() is made early, and a child of
 * another session is made by a member of that session among its siblings, with CLONE_PARENT.  A
 * session or group whose leader is dead gets a helper with the leader's number for as long as it
 * takes.
 *
 * An orphan came to its parent (a child subreaper, or the init of the pid namespace) by its own
 * parent's death.  If its session lives only further down, it is made an orphan again: a member of
 * the session forks a bridge, the bridge forks the task and ends.
 *
 *	parent (subreaper) -- x -- member of the session -- bridge -- task
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "task/task.h"

struct born {
	uint32_t slot;
	pid_t pid;	      /* its number, always asked for */
	pid_t sid, pgid;      /* at the end */
	struct task *task;    /* NULL: a helper that ends when all have their groups */
	struct born *parent;  /* NULL: the coordinator */
	struct born *creator; /* who forks it; NULL: the coordinator */
	bool as_sibling;      /* forked with CLONE_PARENT: the parent is the creator's parent */
	bool is_early;	      /* forked before the creator calls setsid */
	bool does_setsid;
	/* leads a group of its number until others have joined that, then joins its own */
	bool lends_group;
	bool is_bridge;	    /* a helper that ends right after it forked one task */
	bool is_orphan;	    /* forked by a bridge, whose end gives it its parent */
	bool takes_orphans; /* must be a child subreaper meanwhile */
	pid_t birth_sid;    /* session it is born into */
	struct born **made; /* what it forks: early ones, then the others */
	size_t nr_made, nr_early;
	struct born **children; /* helpers and tasks whose parent it is */
	size_t nr_children;
};

struct born_plan {
	struct born **list; /* slot order: tasks as in the tree, then helpers */
	size_t nr;
	struct born *first; /* the root task's, or a helper that makes it */
	size_t nr_workers;  /* live tasks */
	size_t nr_helpers;
	size_t nr_bridges;	     /* of the helpers */
	bool has_lenders;	     /* somebody lends_group */
	bool shares_tables;	     /* some task has its parent's descriptor table */
	pid_t outer_sid, outer_pgid; /* those of the coordinator */
};

/*
 * Coordinator: fills r->born.  With --shell-job tasks of a session or group outside of the tree
 * join ours.  ERR_IMAGE for sessions that cannot be, ERR_UNSUPPORTED for those this version cannot
 * make.
 */
MUST_USE struct err *born_plan_make(struct restore *r);

/*
 * Coordinator, nothing made: every number the plan wants is free.  All that are not are reported,
 * each with the name of the process that has it.
 */
MUST_USE struct err *born_check_pids(struct restore *r);

#endif
