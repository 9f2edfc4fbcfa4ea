/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_STAGE_H
#define TASK_STAGE_H

/*
 * Memory shared by the coordinator and all workers of a restore (layout: pie/abi/stage.h): who is
 * born, where workers meet, and the first failure.  The first failure wins; whoever waits then
 * comes back with a failure that the coordinator leaves out.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "pie/abi/stage.h"
#include "task/task.h"

struct stage;

/* ---- coordinator, before the first worker is made ---- */

/*
 * @nr_slots: all tasks and helpers, @nr_workers: those that call stage_meet (live tasks), @nr_all:
 * those that call stage_meet_all.
 * A descriptor not below @fd_floor tells workers when the coordinator is gone.
 */
MUST_USE struct err *stage_new(uint32_t nr_slots, uint32_t nr_workers, uint32_t nr_all,
			       int fd_floor, struct stage **out);
/* Unmaps it in this process. */
void stage_free(struct stage *s);

/* ---- both ---- */

struct stage_common *stage_common(struct stage *s);
/* The coordinator's pid. */
pid_t stage_coordinator(struct stage *s);
/* Worker: whether it has ended.  Those that no parent's death and no tracer ends must look. */
bool stage_coordinator_ended(const struct stage *s);
/* @slot is task->index; helpers come behind the tasks. */
struct stage_slot *stage_slot(struct stage *s, uint32_t slot);

/* ---- worker ---- */

/*
 * Waits until all live workers of the tree have come here.  May be called any number of times, in
 * the same order by all. A failure means that somebody gave up: return it.
 */
MUST_USE struct err *stage_meet(struct worker *w);
/*
 * The same for everything that was forked: live workers, helpers and tasks that are about to become
 * zombies.
 */
MUST_USE struct err *stage_meet_all(struct stage *s);
/* The first thing that a new process does: its number is ours from now on. */
void stage_started(struct stage *s, uint32_t slot);
/* Tells the coordinator that @slot, and all that it makes, exist. */
void stage_born(struct stage *s, uint32_t slot);
/* Waits until the coordinator has called stage_open(@nr). */
MUST_USE struct err *stage_wait_open(struct stage *s, uint32_t nr);
/* Gives up: keeps @own_e for the coordinator, then waits to be killed. */
__attribute__((noreturn)) void stage_give_up(struct stage *s, uint32_t slot, struct err *own_e);

/* ---- coordinator ---- */

/* Lets everybody pass who waits for @nr or a lower number. */
void stage_open(struct stage *s, uint32_t nr);
uint32_t stage_nr_born(struct stage *s);
bool stage_has_started(struct stage *s, uint32_t slot);
/* Entry @i of the list of those born; false: not written yet, another event will follow. */
bool stage_born_slot(struct stage *s, uint32_t i, uint32_t *slot_out);
/*
 * Sleeps until the number of events differs from @seen, at most @timeout_ms; the result is the new
 * number. A signal ends it early.
 */
uint32_t stage_wait_event(struct stage *s, uint32_t seen, unsigned int timeout_ms);
/* Tasks whose threads are all at the last barrier, and at the gate in front of seccomp. */
uint32_t stage_nr_ready(struct stage *s);
uint32_t stage_nr_gates(struct stage *s);
/* Are the task's threads all at the gate? */
bool stage_gate_reached(struct stage *s, uint32_t slot, uint32_t nr_threads);
void stage_gate_open(struct stage *s, uint32_t slot);
/* 0, or 1 + the slot that gave up first. */
uint32_t stage_failed(struct stage *s);
/* Lets workers that wait come back.  The first one's @slot stays. */
void stage_set_failed(struct stage *s, uint32_t slot);
/* What the blob of @slot said, or NULL when it said nothing. */
const struct rst_result *stage_slot_result(struct stage *s, uint32_t slot);
/* What went wrong in @slot: a text of a worker or a result of a blob.  NULL if nothing. */
MUST_USE struct err *stage_slot_failure(struct stage *s, uint32_t slot, const char *task_name);

#endif
