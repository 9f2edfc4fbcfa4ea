/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_TIMERS_H
#define PROC_TIMERS_H

/*
 * /proc/PID/timers: what a POSIX timer was created with (CONFIG_CHECKPOINT_RESTORE); times are not
 * there.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

struct proc_timer {
	int32_t id;
	int32_t signal; /* sigev_signo, 0 with SIGEV_NONE */
	uint64_t sigev_value;
	int notify;	  /* SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD; SIGEV_THREAD_ID or'ed in */
	pid_t notify_pid; /* SIGEV_THREAD_ID: the tid, else the task; in our pid namespace */
	int32_t clock_id; /* CLOCK_*; negative for a CPU clock of a task or a dynamic clock */
};

struct proc_timers {
	struct proc_timer *list; /* as the kernel lists them: order of creation is not promised */
	size_t nr;
};

MUST_USE struct err *proc_timers_parse(const char *text, size_t len, struct arena *a,
				       struct proc_timers *out);
MUST_USE struct err *proc_timers_read(int dirfd, struct arena *a, struct proc_timers *out);

#endif
