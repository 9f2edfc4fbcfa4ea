/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PIE_ABI_PARASITE_H
#define PIE_ABI_PARASITE_H

/*
 * What the tool and the parasite share.  The area in the target, addresses growing to the right:
 *
 *     | code (r-x), PARASITE_CODE_LEN | struct parasite_args (rw-) | frame | stack |
 *
 * Memory of the task is a uint64_t address.  For each command the tool writes the arguments, points a stopped thread
 * at the start of the code and lets it run until it reports; then it takes the registers back.  A thread that reports
 * and is not stopped knows that the tool has died: it loads the frame (rt_sigreturn) and is back where it was.
 */

#include <stdint.h>

#define PARASITE_ABI 1
/* First word of the args, so that a later run finds an area that a killed tool left behind. */
#define PARASITE_MAGIC 0x65746973617261ull

#define PARASITE_CODE_LEN 8192
#define PARASITE_ARGS_LEN 12288
#define PARASITE_FRAME_LEN 20480
#define PARASITE_STACK_LEN 8192
#define PARASITE_AREA_LEN \
	(PARASITE_CODE_LEN + PARASITE_ARGS_LEN + PARASITE_FRAME_LEN + PARASITE_STACK_LEN)

/*
 * Where the area goes when nothing is there: a tool killed while it was being mapped leaves an area that only its place
 * tells from others.  Far from where kernels put programs, libraries and stacks.
 */
#define PARASITE_HOME 0x3c7100000000ull

enum parasite_cmd {
	PARASITE_TASK = 1, /* what the process has once */
	PARASITE_THREAD,   /* what each thread has */
	PARASITE_TIMERS,   /* values of up to PARASITE_TIMERS_MAX POSIX timers */
};

enum parasite_sync {
	/* Report by a signal that the program ignores: a ptrace stop while the tool lives, else nothing. */
	PARASITE_SYNC_SIGNAL = 1,
	/* Report by entering rt_sigreturn, which the tool stops while it lives. */
	PARASITE_SYNC_SYSCALL,
};

/* Where a call inside the task did not work; parasite_where_text() on the host has the words. */
enum parasite_where {
	PARASITE_OK,
	PARASITE_MPROTECT,
	PARASITE_SIGACTION,
	PARASITE_SIGALTSTACK,
	PARASITE_ITIMER,
	PARASITE_TIMER,
	PARASITE_PRCTL,
	PARASITE_BAD_COMMAND,
};

struct parasite_result {
	int32_t err; /* -errno, or 0 */
	uint32_t where;
	uint64_t detail; /* signal, timer, prctl number */
};

struct parasite_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

struct parasite_itimer {
	int64_t interval_sec, interval_usec;
	int64_t value_sec, value_usec;
};

struct parasite_task {
	struct parasite_sigaction sigaction[64]; /* [n - 1] for signal n; 9 and 19 stay zero */
	struct parasite_itimer itimer[3];
	uint64_t brk;
	int32_t dumpable;
	int32_t child_subreaper;
	int32_t thp_disabled;
	int32_t membarrier;   /* registrations, or -errno where the kernel cannot tell */
	int32_t mdwe;	      /* PR_GET_MDWE, or -errno */
	int32_t populates;    /* a new private mapping has its pages at once */
	uint32_t pkeys;	      /* bit n: protection key n is the program's */
	int32_t memory_merge; /* PR_GET_MEMORY_MERGE, or -errno */
	int32_t has_ldt;      /* modify_ldt(2) was used */
	uint32_t pad;
};

struct parasite_thread {
	uint64_t ss_sp, ss_size;
	int32_t ss_flags;
	int32_t pdeath_sig;
	uint64_t tid_address;
	uint64_t timerslack_ns;
	int32_t securebits;
	int32_t tsc_mode; /* PR_GET_TSC; 0: cannot be told */
};

#define PARASITE_TIMERS_MAX 128

struct parasite_timer {
	int32_t id; /* in */
	int32_t overrun;
	int64_t interval_sec, interval_nsec;
	int64_t value_sec, value_nsec;
};

struct parasite_timers {
	uint32_t nr; /* in */
	uint32_t pad;
	struct parasite_timer timer[PARASITE_TIMERS_MAX];
};

struct parasite_args {
	uint64_t magic;
	uint32_t abi;
	uint32_t sync; /* enum parasite_sync */
	uint32_t sync_signal;
	uint32_t cmd;  /* enum parasite_cmd */
	uint32_t done; /* set to 1 before it reports */
	uint32_t pad;
	uint64_t frame; /* stack pointer for rt_sigreturn */
	struct parasite_result result;
	union {
		struct parasite_task task;
		struct parasite_thread thread;
		struct parasite_timers timers;
	} u;
};

_Static_assert(sizeof(struct parasite_args) <= PARASITE_ARGS_LEN, "arguments fit their place");

#endif
