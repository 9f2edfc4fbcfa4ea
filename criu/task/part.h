/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_PART_H
#define TASK_PART_H

/*
 * One attribute of tasks or threads: its dump and its restore side by side in task/<name>.c.  To add one: that file,
 * a line in task/parts.c, its field in images/, a case under test/cases/task/.
 */

#include "arch/arch.h"
#include "base/err.h"
#include "pie/abi/parasite.h"
#include "proc/maps.h"
#include "proc/stat.h"
#include "proc/status.h"
#include "proc/timers.h"
#include "task/task.h"

/* What is known of a stopped thread while it is dumped. */
struct thread_view {
	const struct arch_context *ctx;
	const struct proc_status *status;
	const struct proc_stat *stat;
	int dirfd;  /* /proc/PID/task/TID */
	int mem_fd; /* /proc/PID/mem */
	const char *comm;
	const struct parasite_thread *parasite;
};

/* What is known of a stopped process; kept from the look until its images are written. */
struct task_probe {
	int dirfd;  /* /proc/PID */
	int mem_fd; /* /proc/PID/mem */
	struct proc_stat stat;
	struct proc_status status;
	struct proc_maps maps;
	bool has_flags; /* of maps: from smaps */
	struct proc_timers timers;
	uint64_t leftover; /* area of a killed tool, or 0 */
	struct parasite_task parasite;
	bool locks_new_mappings; /* mlockall(MCL_FUTURE): the parasite's area was locked */
	struct parasite_timer *timer_values; /* of each of @timers */
};

/* What tasks share while they are dumped: filters seen so far and the like. */
struct dump_parts;

struct task_part {
	const char *name;
	/* Fills t->core->tc. */
	MUST_USE struct err *(*dump_task)(struct dump *d, struct task *t,
					  const struct task_probe *p);
	/* Fills t->core->thread_info and thread_core. */
	MUST_USE struct err *(*dump_thread)(struct dump *d, struct thread *t,
					    const struct thread_view *v);
};

extern const struct task_part task_part_regs;
extern const struct task_part task_part_signals;
extern const struct task_part task_part_timers;
extern const struct task_part task_part_creds;
extern const struct task_part task_part_rlimits;
extern const struct task_part task_part_sched;
extern const struct task_part task_part_seccomp;
extern const struct task_part task_part_rseq;
extern const struct task_part task_part_wishes;
extern const struct task_part task_part_misc;

/* NULL-terminated. */
extern const struct task_part *const task_parts[];

#endif
