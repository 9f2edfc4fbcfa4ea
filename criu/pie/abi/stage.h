/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PIE_ABI_STAGE_H
#define PIE_ABI_STAGE_H

/*
 * Memory shared by the coordinator of a restore, its workers and the restorer blobs: one page for all, then one
 * page for each task.
 *
 *	+--------------+---------------+---------------+--
 *	| stage_common | stage_slot 0  | stage_slot 1  | ...
 *	+--------------+---------------+---------------+--
 *	0              4096            8192
 *
 * A restorer sees the common page and its own slot only (both mapped inside its area).
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

struct stage_common {
	uint32_t abi;
	uint32_t events;   /* futex of the coordinator: goes up with each event */
	uint32_t failed;   /* 1: somebody failed, all give up */
	uint32_t current;  /* futex of the workers: the stage all may enter */
	uint32_t arrived;  /* workers that wait to leave the current stage */
	uint32_t nr_ready; /* tasks whose threads are all at the last barrier */
	uint32_t nr_born;  /* tasks that exist; the list of them is behind the slots */
};

enum { STAGE_TEXT = 3072 };

struct stage_slot {
	uint32_t nr_arrived; /* threads of the task that wait at the barrier */
	uint32_t gate;       /* futex of the task's threads: barriers below this number are open */
	uint32_t nr_gate;    /* threads that reached the gate in front of seccomp */
	uint32_t started;    /* 1: its process runs */
	struct rst_result result;
	uint32_t text_set; /* 1: @text holds a packed failure */
	uint32_t reserved;
	uint64_t pages_restored; /* statistics of this task */
	uint64_t pages_compared;
	uint64_t pages_skipped_cow;
	char text[STAGE_TEXT];
};

_Static_assert(sizeof(struct stage_common) <= STAGE_PAGE, "the common part is one page");
_Static_assert(sizeof(struct stage_slot) <= STAGE_PAGE, "a slot is one page");

#endif
