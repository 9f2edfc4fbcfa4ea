/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_ZOMBIE_H
#define FLOW_ZOMBIE_H

#include "base/err.h"
#include "task/task.h"

/* Ends this process with the exit status of @t.  Comes back only with a failure. */
MUST_USE struct err *zombie_die(const struct task *t);

#endif
