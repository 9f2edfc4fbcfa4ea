/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROC_STATUS_H
#define PROC_STATUS_H

/* /proc/PID/status and /proc/PID/task/TID/status. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

enum { PROC_NSPID_MAX = 33 }; /* MAX_PID_NS_LEVEL of the kernel + 1 */

struct proc_status {
	char state; /* as in stat */
	pid_t tgid, pid, ppid;
	pid_t tracer_pid; /* 0: none */
	bool has_umask;	  /* absent for a zombie */
	uint32_t umask;
	uint32_t uids[4]; /* real, effective, saved, file system */
	uint32_t gids[4];
	uint32_t *groups; /* from the arena */
	size_t nr_groups;
	/* In this pid namespace first, then in each nested one; the last is the task's own view. */
	pid_t ns_pids[PROC_NSPID_MAX];
	pid_t ns_pgids[PROC_NSPID_MAX];
	pid_t ns_sids[PROC_NSPID_MAX];
	size_t nr_ns_pids;
	bool has_kthread; /* since 6.8 */
	bool kthread;
	bool has_mm;	       /* a VmSize line: not a zombie or kernel thread */
	uint64_t locked_bytes; /* VmLck: of mlock(2) and mlockall(2) */
	bool core_dumping;
	bool has_thp_enabled; /* since 5.0 */
	bool thp_enabled;     /* false: PR_SET_THP_DISABLE or no THP in this kernel */
	uint64_t nr_threads;
	uint64_t nr_queued_signals, max_queued_signals; /* SigQ: of the user, not of the task */
	uint64_t sig_pnd, shd_pnd;			/* bit N-1 is signal N */
	uint64_t sig_blk, sig_ign, sig_cgt;
	uint64_t cap_inh, cap_prm, cap_eff, cap_bnd, cap_amb;
	bool no_new_privs;
	uint32_t seccomp_mode;	  /* SECCOMP_MODE_*; 0: off */
	bool has_seccomp_filters; /* since 5.9 */
	uint64_t nr_seccomp_filters;
	bool x86_shstk; /* "shstk" in x86_Thread_features */
	bool x86_shstk_locked;
};

MUST_USE struct err *proc_status_parse(const char *text, size_t len, struct arena *a,
				       struct proc_status *out);
/* @dirfd: of a task or of a thread.  A zombie has fewer lines; what it lacks is zero. */
MUST_USE struct err *proc_status_read(int dirfd, struct arena *a, struct proc_status *out);

#endif
