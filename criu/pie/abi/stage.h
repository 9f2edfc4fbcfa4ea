/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PIE_ABI_STAGE_H
#define PIE_ABI_STAGE_H

/*
 * Memory shared by the coordinator of a restore, its workers and the restorer blobs: one page for
 * all, then one page for each task and helper.
 *
 *	+--------------+---------------+---------------+-- --+----------------------+---------+
 *	| stage_common | stage_slot 0  | stage_slot 1  | ... | slots, in birth order | for the |
 *	|              |               |               |     | (uint32_t)            | workers |
 *	+--------------+---------------+---------------+-- --+----------------------+---------+
 *	0              4096            8192
 *
 * A restorer sees the common page and its own slot only (both mapped inside its area).  All
 * counters go up only and are changed atomically; the futexes are shared ones.
 */

#include <stdint.h>

enum { STAGE_PAGE = 4096 };

/* What a blob says when it cannot go on.  @where is an enum rst_where. */
struct rst_result {
	int32_t err; /* positive errno */
	uint16_t where;
	uint16_t set; /* 1: the members are valid (written last) */
	uint64_t detail;
};

/* A meeting point: the last to come moves the generation on. */
struct stage_meeting {
	uint32_t expected;
	uint32_t arrived;
	uint32_t generation; /* futex */
};

struct stage_common {
	uint32_t events;   /* futex of the coordinator: goes up with each event */
	uint32_t failed;   /* 1 + the slot that failed first, all give up; 0: none */
	uint32_t open;	   /* futex of those who wait for the coordinator */
	uint32_t nr_ready; /* tasks whose threads are all at the last barrier */
	uint32_t nr_gate;  /* tasks whose threads are all at the gate in front of seccomp */
	uint32_t nr_born;
	int32_t coordinator;	      /* its pid */
	struct stage_meeting workers; /* live tasks */
	struct stage_meeting all;     /* and helpers, and tasks that become zombies */
	uint64_t pages_done;	      /* filled or compared so far, for base/progress.h */
};

enum { STAGE_TEXT = 3072 };

struct stage_slot {
	uint32_t nr_arrived; /* threads of the task at the last barrier */
	uint32_t nr_gate;    /* threads at the gate */
	uint32_t gate_open;  /* futex: 1 when the host has suspended seccomp for all of them */
	uint32_t text_set;   /* 1: @text holds a packed failure */
	struct rst_result result;
	uint64_t area_start, area_len; /* where the worker put its restorer */
	int32_t exe_fd;	  /* the worker's descriptor of the executable, where tables are shared */
	uint32_t started; /* 1: its process exists, with the number it is to have */
	uint64_t pages_restored; /* statistics of this task */
	uint64_t pages_compared;
	uint64_t pages_skipped_cow;
	char text[STAGE_TEXT];
};

_Static_assert(sizeof(struct stage_common) <= STAGE_PAGE, "the common part is one page");
_Static_assert(sizeof(struct stage_slot) <= STAGE_PAGE, "a slot is one page");

#endif
