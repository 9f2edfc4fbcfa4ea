/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_REGS_H
#define TASK_REGS_H

#include <sys/types.h>

#include "arch/arch.h"
#include "base/err.h"
#include "task/task.h"

/*
 * Right after a thread was stopped: a system call that the stop ended with EINTR is issued again.  Sets the registers, so
 * that it holds for a thread that is only let go again, also when the tool dies in the next moment.
 */
MUST_USE struct err *regs_settle_call(pid_t pid, pid_t tid);
/*
 * Once, before registers are borrowed: a restartable sequence (rseq(2)) is left by its abort handler, as after any
 * preemption.  @mem_fd is /proc/PID/mem.
 */
MUST_USE struct err *regs_settle_rseq(pid_t tid, int mem_fd);

/*
 * Restore: what the image says of a thread's registers, extended state and signal mask.  No system call is restarted.
 */
MUST_USE struct err *regs_context(const struct thread *th, struct arch_context *out);

/* Restore, the thread is in its last ptrace stop: entries of set_thread_area(2), if it had any. */
MUST_USE struct err *regs_put_segments(const struct thread *th);

#endif
