/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PIE_ABI_RESTORER_H
#define PIE_ABI_RESTORER_H

/*
 * What the tool and the restorer blob share.  One area holds all the blob needs, at an address that
 * is free in the worker and in the task's final layout:
 *
 *	area_start
 *	| code (r-x) | struct rst_args and what hangs on it (rw-) | stacks | common page, slot |
 *
 * An address of the task is a uint64_t; everything inside the area is an offset from area_start.
 * The blob's entry is at offset 0 and gets the address of struct rst_args as its only argument.
 */

#include <stdint.h>

#include "pie/abi/rst_mem.h"

enum {
	RST_ABI = 1,
	RST_PAGE = 4096,
	RST_THREAD_STACK = 4096,
	RST_LEADER_STACK = 16384,
	RST_NR_SIGACTIONS = 62,
	RST_NR_RLIMITS = 16,
};

/* Which step of the blob could not be done; the host has one text for each (task/rst_text.c). */
enum rst_where {
	RST_NOWHERE = 0,
	RST_AT_ABI_MISMATCH,
	/* rst_mem.c */
	RST_AT_MEM_UNMAP, /* detail: address */
	RST_AT_MEM_MOVE,
	RST_AT_MEM_PROTECT,
	RST_AT_MEM_ADVISE,
	RST_AT_MEM_LOCK,
	RST_AT_MEM_TAKE_KEYS,
	RST_AT_MEM_FREE_KEYS,
	RST_AT_MEM_KEY,
	/* restorer.c and the other parts */
	RST_AT_MM_MAP = 32,
	RST_AT_THP,
	RST_AT_MLOCKALL,
	RST_AT_MDWE,
	RST_AT_MEMORY_MERGE,
	RST_AT_PERSONALITY,
	RST_AT_EXE,
	RST_AT_COMM,
	RST_AT_THREAD,	  /* detail: tid */
	RST_AT_SIGACTION, /* detail: signal */
	RST_AT_ITIMER,	  /* detail: which */
	RST_AT_TIMER,	  /* detail: timer id */
	RST_AT_RLIMIT,	  /* detail: which */
	RST_AT_SUBREAPER,
	RST_AT_MEMBARRIER, /* detail: command */
	RST_AT_ROBUST,
	RST_AT_SAS,
	RST_AT_RSEQ,
	RST_AT_SCHED,
	RST_AT_AFFINITY,
	RST_AT_NICE,
	RST_AT_TIMERSLACK,
	RST_AT_IOPRIO,
	RST_AT_MCE_KILL,
	RST_AT_TSC,
	RST_AT_IO_FLUSHER,
	RST_AT_SIGQUEUE, /* detail: signal */
	RST_AT_GROUPS,
	RST_AT_UID,
	RST_AT_GID,
	RST_AT_CAPS,
	RST_AT_BOUND, /* detail: capability */
	RST_AT_AMBIENT,
	RST_AT_SECUREBITS,
	RST_AT_NO_NEW_PRIVS,
	RST_AT_PDEATHSIG,
	RST_AT_DUMPABLE,
	RST_AT_SECCOMP, /* detail: index of the filter */
	RST_AT_FILES,
	RST_AT_LOCK, /* detail: index of the lock */
	RST_NR_WHERE,
};

/* ---- memory: pie/abi/rst_mem.h; filled by mem/, run by rst_mem.c ---- */

/* ---- fields of the address space ---- */

/* The kernel's struct prctl_mm_map, then ours. */
struct rst_mm {
	uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t auxv; /* filled by the blob from auxv_off */
	uint32_t auxv_size;
	int32_t exe_fd; /* -1: keep; closed by the blob */
	uint64_t auxv_off;
	int32_t dumpable;      /* -1: leave */
	int32_t thp_disabled;  /* -1: leave */
	uint32_t mlockall;     /* flags for future mappings, 0: none */
	uint32_t mdwe;	       /* PR_SET_MDWE, 0: leave */
	uint32_t memory_merge; /* PR_SET_MEMORY_MERGE, 0: leave */
	uint32_t reserved;
};

/* ---- whole process ---- */

/* The kernel's struct sigaction. */
struct rst_sigaction {
	uint64_t handler, flags, restorer, mask;
};

struct rst_itimer {
	int64_t interval_s, interval_us, value_s, value_us;
};

struct rst_posix_timer {
	int32_t id, clock, signo, notify;
	uint64_t sival;
	int32_t tid;
	int32_t overrun;
	int64_t interval_s, interval_ns, value_s, value_ns;
};

struct rst_rlimit {
	uint64_t soft, hard;
};

/* Queued signals: @nr siginfo of 128 bytes each at @off. */
struct rst_queue {
	uint64_t off;
	uint32_t nr;
	uint32_t reserved;
};

struct rst_process {
	struct rst_sigaction actions[RST_NR_SIGACTIONS]; /* signals 1 to 64 without 9 and 19 */
	struct rst_itimer itimers[3];			 /* real, virtual, prof */
	struct rst_rlimit rlimits[RST_NR_RLIMITS];
	struct rst_queue pending;
	uint64_t timers_off; /* struct rst_posix_timer[] */
	uint32_t nr_timers;
	uint32_t nr_rlimits;
	uint32_t personality;
	uint32_t child_subreaper;
	uint32_t membarrier; /* mask of MEMBARRIER_CMD_REGISTER_* */
	int32_t pid;	     /* its own number */
};

/* ---- one thread ---- */

struct rst_creds {
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	uint64_t cap_inh, cap_prm, cap_eff, cap_bnd, cap_amb;
	uint32_t securebits;
	uint32_t last_cap; /* highest capability of this kernel */
	uint32_t nr_groups;
	uint32_t reserved;
	uint64_t groups_off; /* uint32_t[] */
};

struct rst_filter {
	uint64_t off; /* struct sock_filter[] */
	uint32_t nr;
	uint32_t flags;
};

enum { RST_SCHED_KEEP = -1, RST_SECCOMP_NONE = 0, RST_SECCOMP_STRICT = 1, RST_SECCOMP_FILTER = 2 };

struct rst_thread {
	int32_t tid;
	uint32_t nr_filters;
	uint64_t stack_off; /* offset of the end of its stack */
	uint64_t robust_list, robust_len;
	uint64_t clear_tid;
	uint64_t sas_sp, sas_size;
	uint32_t sas_flags;
	uint32_t rseq_len; /* 0: not registered */
	uint64_t rseq;
	uint32_t rseq_sig;
	int32_t policy; /* RST_SCHED_KEEP: leave */
	int32_t nice;
	uint32_t priority;
	uint64_t sched_flags; /* SCHED_FLAG_* */
	uint64_t sched_runtime, sched_deadline, sched_period;
	uint64_t affinity_off; /* bytes of the mask */
	uint32_t affinity_len; /* 0: leave */
	uint32_t no_new_privs;
	uint64_t timerslack; /* ns; 0: leave */
	int32_t ioprio;	     /* of these four -1: leave */
	int32_t mce_kill;
	int32_t tsc_mode;
	int32_t io_flusher;
	struct rst_queue pending;
	uint64_t creds_off;   /* struct rst_creds */
	uint64_t filters_off; /* struct rst_filter[], oldest first */
	uint32_t seccomp;
	uint32_t pdeath_sig;
	char comm[16];
};

/* ---- file locks ---- */

/* Of filelocks.img. */
struct rst_lock {
	int64_t start, len; /* bytes; 0: to the end of the file */
	int32_t fd;
	uint16_t kind, type; /* file_lock_entry.flag; F_RDLCK or F_WRLCK */
	uint32_t index;	     /* in the image */
	uint32_t reserved;
};

/* ---- the whole ---- */

struct rst_args {
	uint32_t abi;
	uint32_t nr_threads;
	uint64_t area_start;	/* address */
	uint64_t area_len;	/* bytes: what the commit unmaps */
	uint64_t common_off;	/* struct stage_common */
	uint64_t slot_off;	/* struct stage_slot */
	uint64_t threads_off;	/* struct rst_thread[], leader first, then ascending by tid */
	uint32_t slot;		/* number of its slot, for stage_common.failed */
	uint32_t seccomp_tsync; /* the leader installs its filters for all */
	uint32_t any_seccomp;	/* threads stop at the gate until the host has suspended seccomp */
	uint32_t any_locks;	/* somebody in the tree has locks: all tasks meet before */
	uint32_t nr_locks;
	uint64_t locks_off;	/* struct rst_lock[] */
	uint32_t nr_creds_done; /* threads with their final credentials; counted by the blob */
	struct rst_mem_args mem;
	struct rst_mm mm;
	struct rst_process process;
};

#endif
