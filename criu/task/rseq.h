/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_RSEQ_H
#define TASK_RSEQ_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

#include "base/err.h"
#include "task/task.h"

/*
 * If @gp stands inside a restartable sequence that the thread has entered, moves it to the sequence's abort handler,
 * as the kernel does after a preemption; *changed_out tells.
 */
MUST_USE struct err *rseq_leave_section(pid_t tid, int mem_fd, struct user_regs_struct *gp,
					bool *changed_out);

/*
 * Restore, the thread is registered and in its last ptrace stop: the section it stands in, if the image says that it
 * must be kept.  Registering clears it, so it is put back from outside.
 */
MUST_USE struct err *rseq_put_section(const struct thread *th);

#endif
