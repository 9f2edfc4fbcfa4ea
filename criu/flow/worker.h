/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_WORKER_H
#define FLOW_WORKER_H

/*
 * A worker: a fork of the coordinator, or of another worker, that becomes a task, a zombie, or a
 * helper that lends its number to a session or group for a while.
 */

#include <sys/types.h>

#include "base/err.h"
#include "task/born.h"
#include "task/task.h"

/* What is opened with stage_open(). */
enum worker_stage { WORKER_STAGE_SEIZED = 1 };

/* Coordinator: forks the first of the plan.  With @as_sibling it becomes a child of our parent. */
MUST_USE struct err *worker_fork_first(struct restore *r, bool as_sibling);

#endif
