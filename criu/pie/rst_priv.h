/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PIE_RST_PRIV_H
#define PIE_RST_PRIV_H

/*
 * What the files of the restorer share.  The restorer has no data of its own: everything is in the
 * argument area. A step that cannot be done ends in rst_fail(), which does not come back.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "arch/x86_64/sys.h"
#include "pie/abi/restorer.h"
#include "pie/abi/stage.h"
#include "pie/rst_mem.h"

static inline void *rst_at(const struct rst_args *a, uint64_t off)
{
	return (void *)(a->area_start + off);
}

static inline struct stage_common *rst_common(const struct rst_args *a)
{
	return rst_at(a, a->common_off);
}

static inline struct stage_slot *rst_slot(const struct rst_args *a)
{
	return rst_at(a, a->slot_off);
}

/* Reports and waits to be killed.  @err is a positive or negative errno. */
__attribute__((noreturn)) void rst_fail(const struct rst_args *a, enum rst_where where, long err,
					uint64_t detail);

/* A system call's result is a failure of step @where. */
static inline void rst_must(const struct rst_args *a, long result, enum rst_where where,
			    uint64_t detail)
{
	if (result < 0)
		rst_fail(a, where, result, detail);
}

/* Waits until the leaders of all tasks have come here. */
void rst_meet(const struct rst_args *a);
void rst_futex_wait(uint32_t *word, uint32_t value);
void rst_futex_wake(uint32_t *word, int nr);

static inline uint32_t rst_load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* rst_process.c: what a process has once. */
void rst_mm_apply(struct rst_args *a);
void rst_process_early(const struct rst_args *a); /* alone in the process */
void rst_process_late(
	const struct rst_args *a); /* all threads exist and are done with what needs privileges */
void rst_dumpable_apply(const struct rst_args *a);

/* rst_locks.c: needs the rights of the tool. */
void rst_locks_apply(const struct rst_args *a);

/* rst_timers.c */
void rst_timers_create(const struct rst_args *a); /* all threads exist */
void rst_timers_arm(const struct rst_args *a);

/* rst_thread.c: each thread of itself. */
void rst_thread_apply(const struct rst_args *a, const struct rst_thread *t);
void rst_queue_shared(const struct rst_args *a);

/* rst_creds.c */
void rst_creds_apply(const struct rst_args *a, const struct rst_thread *t);
void rst_seccomp_apply(const struct rst_args *a, const struct rst_thread *t, bool is_leader);

#endif
