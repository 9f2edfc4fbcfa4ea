/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_RESTORE_TREE_H
#define FLOW_RESTORE_TREE_H

/*
 * The coordinator's hold on its workers: it attaches to each as it is born, waits with them, takes
 * their failures and ends them all when the restore cannot go on.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "task/task.h"

/* The coordinator of one restore. */
struct restore_tree {
	struct restore *r;
	uint32_t nr_seen;  /* entries of the birth list that were handled */
	uint32_t nr_gates; /* gates opened so far: tasks with seccomp stop there first */
	bool is_forked;
	bool is_done; /* detached, or killed: nothing to take back any more */
	bool is_resumed;
	bool *is_born;		     /* by slot */
	bool *is_gate_open;	     /* by task index */
	struct commit_task *commits; /* live tasks, in tree order */
	size_t nr_commits;
};

/* Signals that ask the tool to end; blocked while the tree is made, they end the waits below. */
void restore_tree_interrupts(sigset_t *out);
/* Forks the first worker, attaches to all as they come, opens the stage behind that. */
MUST_USE struct err *restore_tree_make(struct restore_tree *t);
/* Waits until all threads of all tasks are at the restorer's barrier. */
MUST_USE struct err *restore_tree_ready(struct restore_tree *t);
/*
 * Stops all threads there, removes the restorer, sets registers; the tree is complete but does not
 * run.
 */
MUST_USE struct err *restore_tree_commit(struct restore_tree *t);
/* Lets the tree run, or stop where it was stopped. */
MUST_USE struct err *restore_tree_resume(struct restore_tree *t);
/*
 * Ends everything that was made and waits until it is gone.  Harmless twice, and after the resume.
 */
void restore_tree_kill(struct restore_tree *t);

#endif
