/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_FREEZE_H
#define TASK_FREEZE_H

/*
 * Stopping a whole tree of processes with all their threads, and letting it go again.  Runs in the
 * coordinator of a dump.
 *
 * After freeze_tree() every thread of every living task is a tracee of ours in PTRACE_EVENT_STOP
 * (of a stopped task: with its stop signal, else with SIGTRAP), with PTRACE_O_TRACESYSGOOD and,
 * where the kernel and our capabilities allow it, PTRACE_O_SUSPEND_SECCOMP.  A system call that
 * waits was interrupted by that: task/regs.h says how it goes on.  When the tool dies by SIGKILL
 * the kernel detaches all and the tree runs on.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct dump;
struct task;
struct freezer;

/*
 * Fills d->tree (host_pid, pgid, sid and ns pids in our own numbering, parents, threads leader
 * first, state, stop_signal) and d->freezer, and d->stats->freezing_us when stats are there.
 * Zombies have one "thread", their leader.  Uses d->opts->freeze_cgroup and timeout_s (0: wait for
 * ever), d->arena.
 *
 * On failure everything that can be let go runs again; a thread that never reached a stop stays
 * attached until the tool ends (nothing but its tracer's end detaches a running tracee), so end
 * soon.
 * ERR_UNSUPPORTED: a traced task, a kernel thread, a frozen cgroup without --freeze-cgroup, a
 * leader that ended before its threads.  ERR_USAGE: ourselves.  ERR_GONE: the root ended.  ERR_SYS
 * with the place in the kernel: a thread does not stop in time.
 */
MUST_USE struct err *freeze_tree(struct dump *d);

/*
 * The ends of a freeze; d->freezer is NULL afterwards, and a second call does nothing.  Each sets
 * d->stats->frozen_us, kill_tree before it kills.  Failures of single tasks that are gone by then are no failures.
 */
/* All run on; what was stopped by a signal stays stopped. */
MUST_USE struct err *thaw_tree(struct dump *d);
/* Every living task gets SIGSTOP and is detached: none of them runs an instruction. */
MUST_USE struct err *stop_tree(struct dump *d);
/*
 * SIGKILL to all while they stand, so none runs an instruction; returns when all have ended.  The
 * root stays a zombie until its parent, which may be somebody else, waits for it.
 */
MUST_USE struct err *kill_tree(struct dump *d);

/*
 * Whether system calls made inside the tree pass seccomp filters freely; if not, tasks with one are
 * refused.
 */
bool freezer_suspends_seccomp(const struct freezer *f);
/* Microseconds (clock_us) when the last thread stood still. */
uint64_t freezer_frozen_at(const struct freezer *f);

#endif
