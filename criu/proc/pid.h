/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_PID_H
#define PROC_PID_H

/*
 * The directories of /proc: one task's handle, its threads and its children.  A handle keeps
 * meaning the same task when its pid is used again, so everything else in this room reads relative
 * to one. A task that is not there any more is ERR_GONE in every reader of this room.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

/* O_PATH descriptors of /proc/PID and of /proc/PID/task/TID; numbers are those of our own /proc. */
MUST_USE struct err *proc_open(pid_t host_pid, int *dirfd_out);
MUST_USE struct err *proc_open_thread(int dirfd, pid_t host_tid, int *dirfd_out);

struct pid_list {
	pid_t *pids;
	size_t nr;
};

/* Threads of the task behind @dirfd, ascending as the kernel lists them, the leader first. */
MUST_USE struct err *proc_threads(int dirfd, struct arena *a, struct pid_list *out);
/*
 * Children that thread @host_tid has (from task/TID/children): a task's children are those of all
 * its threads.  Exact only while the tasks are stopped.  ERR_KERNEL without CONFIG_PROC_CHILDREN.
 */
MUST_USE struct err *proc_thread_children(int dirfd, pid_t host_tid, struct arena *a,
					  struct pid_list *out);
/* Numbers separated by blanks, as in a children file. */
MUST_USE struct err *pid_list_parse(const char *text, size_t len, struct arena *a,
				    struct pid_list *out);

/* Single values.  The readers without a prefix in their format read decimal numbers. */
MUST_USE struct err *proc_read_personality(int dirfd, uint32_t *out);
MUST_USE struct err *proc_read_coredump_filter(int dirfd, uint32_t *out);
MUST_USE struct err *proc_read_oom_score_adj(int dirfd, int *out);
/* (uint32_t)-1: not set. */
MUST_USE struct err *proc_read_loginuid(int dirfd, uint32_t *out);
/* Without the newline; @buf is NUL-terminated and cut at @len. */
MUST_USE struct err *proc_read_comm(int dirfd, char *buf, size_t len);
/* Where the kernel sleeps ("do_exit"), "0" when it does not say. */
MUST_USE struct err *proc_read_wchan(int dirfd, char *buf, size_t len);

#endif
