/* SPDX-License-Identifier: GPL-2.0-only */
/* Scheduling: policy, priority, nice (CRIU's fields), affinity and timer slack (ours). */
#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "task/part.h"

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
		return err_hint(err_new(ERR_UNSUPPORTED, "cannot dump SCHED_DEADLINE of thread %d", t->host_tid),
				"give the thread another policy first (chrt --other --pid 0 %d)", t->host_tid);
	core->has_sched_policy = true;
	core->sched_policy = attr.policy;
	if (attr.flags & SCHED_FLAG_RESET_ON_FORK_BIT)
		core->sched_policy |= POLICY_RESET_ON_FORK;
	core->has_sched_nice = true;
	/* sched_getattr leaves it 0 for policies that do not use it, but it comes back with SCHED_OTHER. */
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
