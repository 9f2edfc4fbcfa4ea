/* SPDX-License-Identifier: GPL-2.0-only */
/* Scheduling: policy, priority, nice (CRIU's fields), affinity and timer slack (ours). */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "task/part.h"
#include "task/restore_parts.h"

#define SCHED_FLAG_RESET_ON_FORK_BIT 1
#define POLICY_RESET_ON_FORK 0x40000000
#define POLICY_DEADLINE 6
/* 8192 CPUs. */
#define AFFINITY_MAX 1024

/* struct sched_attr of sched_setattr(2), first version. */
struct sched_attr_v0 {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static struct err *affinity_dump(struct dump *d, pid_t tid, ThreadCoreEntry *core)
{
	uint8_t mask[AFFINITY_MAX];
	long len = syscall(SYS_sched_getaffinity, tid, sizeof(mask), mask);

	if (len < 0)
		return err_sys(errno, "cannot read the CPU affinity of thread %d", tid);
	while (len && !mask[len - 1])
		len--;
	core->has_cpu_affinity = true;
	core->cpu_affinity.len = len;
	core->cpu_affinity.data = arena_memdup(d->arena, mask, len);
	return NULL;
}

static struct err *sched_dump_thread(struct dump *d, struct thread *t, const struct thread_view *v)
{
	ThreadCoreEntry *core = t->core->thread_core;
	struct sched_attr_v0 attr = { .size = sizeof(attr) };

	if (syscall(SYS_sched_getattr, t->host_tid, &attr, sizeof(attr), 0))
		return err_sys(errno, "cannot read the scheduling of thread %d", t->host_tid);
	if (attr.policy == POLICY_DEADLINE)
		return err_hint(err_new(ERR_UNSUPPORTED, "cannot dump SCHED_DEADLINE of thread %d",
					t->host_tid),
				"give the thread another policy first (chrt --other --pid 0 %d)",
				t->host_tid);
	core->has_sched_policy = true;
	core->sched_policy = attr.policy;
	if (attr.flags & SCHED_FLAG_RESET_ON_FORK_BIT)
		core->sched_policy |= POLICY_RESET_ON_FORK;
	core->has_sched_nice = true;
	/*
	 * sched_getattr leaves it 0 for policies that do not use it, but it comes back with
	 * SCHED_OTHER.
	 */
	core->sched_nice = v->stat->nice;
	if (attr.policy == SCHED_FIFO || attr.policy == SCHED_RR) {
		core->has_sched_prio = true;
		core->sched_prio = attr.priority;
	}
	core->has_timerslack_ns = true;
	core->timerslack_ns = v->parasite->timerslack_ns;
	return affinity_dump(d, t->host_tid, core);
}

const struct task_part task_part_sched = {
	.name = "sched",
	.dump_thread = sched_dump_thread,
};

/* ---- restore ---- */

static struct err *sched_check_thread(const struct restore *r UNUSED, const struct thread *th)
{
	const ThreadCoreEntry *tc = th->core->thread_core;
	uint32_t policy = tc->has_sched_policy ? tc->sched_policy & ~POLICY_RESET_ON_FORK : 0;

	if (policy > 15)
		return err_new(ERR_IMAGE, "core-%d.img: scheduling policy %u does not exist",
			       th->ns_tid, policy);
	if (policy == POLICY_DEADLINE)
		return err_new(ERR_UNSUPPORTED,
			       "thread %d has SCHED_DEADLINE, whose numbers the images lack",
			       th->ns_tid);
	if (tc->has_sched_nice && (tc->sched_nice < -20 || tc->sched_nice > 19))
		return err_new(ERR_IMAGE, "core-%d.img: nice value %d", th->ns_tid, tc->sched_nice);
	if (tc->has_cpu_affinity && tc->cpu_affinity.len > AFFINITY_MAX)
		return err_new(ERR_IMAGE, "core-%d.img: CPU mask of %zu bytes", th->ns_tid,
			       tc->cpu_affinity.len);
	return NULL;
}

/* All threads of the worker start with what the worker has now: only differences cost a call. */
static bool sched_is_as_here(const ThreadCoreEntry *tc)
{
	return sched_getscheduler(0) == (int)tc->sched_policy &&
	       getpriority(PRIO_PROCESS, 0) == (tc->has_sched_nice ? tc->sched_nice : 0) &&
	       (tc->sched_policy & ~POLICY_RESET_ON_FORK) == SCHED_OTHER;
}

static void sched_fill_affinity(struct rst_build *b, const ThreadCoreEntry *tc,
				struct rst_thread *out)
{
	char have[AFFINITY_MAX], want[AFFINITY_MAX] = { 0 };

	memset(have, 0, sizeof(have));
	if (!tc->has_cpu_affinity || !tc->cpu_affinity.len)
		return;
	memcpy(want, tc->cpu_affinity.data, tc->cpu_affinity.len);
	if (!sched_getaffinity(0, sizeof(have), (cpu_set_t *)have) &&
	    !memcmp(have, want, sizeof(have)))
		return;
	/* The kernel takes whole words. */
	out->affinity_len = (tc->cpu_affinity.len + 7) / 8 * 8;
	out->affinity_off = rst_put(b, want, out->affinity_len);
}

static struct err *sched_fill_thread(struct worker *w UNUSED, struct rst_build *b,
				     const struct thread *th, struct rst_thread *out)
{
	const ThreadCoreEntry *tc = th->core->thread_core;

	out->policy = RST_SCHED_KEEP;
	if (tc->has_sched_policy && !sched_is_as_here(tc)) {
		out->policy = tc->sched_policy & ~POLICY_RESET_ON_FORK;
		out->sched_flags = tc->sched_policy & POLICY_RESET_ON_FORK ?
					   SCHED_FLAG_RESET_ON_FORK_BIT :
					   0;
		out->nice = tc->has_sched_nice ? tc->sched_nice : 0;
		out->priority = tc->has_sched_prio ? tc->sched_prio : 0;
	}
	sched_fill_affinity(b, tc, out);
	if (tc->has_timerslack_ns && (long)tc->timerslack_ns != prctl(PR_GET_TIMERSLACK))
		out->timerslack = tc->timerslack_ns;
	return NULL;
}

const struct restore_part restore_part_sched = {
	.name = "sched",
	.check_thread = sched_check_thread,
	.fill_thread = sched_fill_thread,
};
