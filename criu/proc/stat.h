/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_STAT_H
#define PROC_STAT_H

/* /proc/PID/stat and /proc/PID/task/TID/stat; field numbers are those of proc_pid_stat(5). */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Bits of proc_stat.flags, from the kernel's PF_* (include/linux/sched.h; stable since 2.6). */
enum {
	PROC_PF_EXITING = 0x00000004,
	PROC_PF_FORKNOEXEC = 0x00000040,
	PROC_PF_KTHREAD = 0x00200000,
};

struct proc_stat {
	pid_t pid;
	char comm[64]; /* NUL-terminated; the kernel cuts names at 15 bytes, its threads' at 63 */
	char state;    /* R S D Z T t X I P */
	pid_t ppid;    /* 0: none in this pid namespace */
	pid_t pgrp;
	pid_t sid;
	int tty_nr;	/* device number, 0: none */
	pid_t tty_pgrp; /* -1: none */
	uint32_t flags;
	int64_t priority;
	int64_t nice;
	uint64_t nr_threads;
	uint64_t start_time; /* clock ticks since boot */
	uint64_t start_code, end_code, start_stack;
	uint64_t esp, eip;   /* only for dying tasks and core dumps */
	int32_t exit_signal; /* what the parent gets when the process ends; -1: a thread */
	uint32_t cpu;
	uint32_t rt_priority;
	uint32_t policy;
	uint64_t start_data, end_data, start_brk;
	uint64_t arg_start, arg_end, env_start, env_end;
	uint32_t exit_code; /* as wait(2) would give it; 0 if we may not see it */
};

MUST_USE struct err *proc_stat_parse(const char *text, size_t len, struct proc_stat *out);
/* @dirfd: of a task or of a thread. */
MUST_USE struct err *proc_stat_read(int dirfd, struct proc_stat *out);
/* The same for /proc/PID without opening the directory. */
MUST_USE struct err *proc_stat_read_pid(pid_t host_pid, struct proc_stat *out);

#endif
