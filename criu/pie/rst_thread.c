/* SPDX-License-Identifier: GPL-2.0-only */
/* What only a thread can set of itself, privileges excepted. */
#include <errno.h>
#include <sys/prctl.h>

#include "pie/rst_priv.h"

enum { SAS_DISABLE = 2, SIGINFO_BYTES = 128, PRIO_PROCESS_NR = 0, POLICY_FIFO = 1, POLICY_RR = 2 };

/* linux/prctl.h since 5.6. */
enum { IOPRIO_WHO_PROCESS_NR = 1, PR_SET_IO_FLUSHER_NR = 57 };

struct altstack {
	uint64_t sp;
	int32_t flags;
	int32_t pad;
	uint64_t size;
};

struct sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static void set_sched(const struct rst_args *a, const struct rst_thread *t)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.policy = t->policy,
		.flags = t->sched_flags,
		.nice = t->nice,
		.priority = t->priority,
		.runtime = t->sched_runtime,
		.deadline = t->sched_deadline,
		.period = t->sched_period,
	};

	if (t->policy != RST_SCHED_KEEP) {
		/*
		 * Real-time threads have a nice value too, for later; sched_setattr leaves it alone
		 * then.
		 */
		if (t->policy == POLICY_FIFO || t->policy == POLICY_RR)
			rst_must(a, sys_call3(SYS_setpriority, PRIO_PROCESS_NR, 0, t->nice),
				 RST_AT_NICE, t->tid);
		rst_must(a, sys_call3(SYS_sched_setattr, 0, (long)&attr, 0), RST_AT_SCHED, t->tid);
	}
	if (t->affinity_len)
		rst_must(a,
			 sys_call3(SYS_sched_setaffinity, 0, t->affinity_len,
				   (long)rst_at(a, t->affinity_off)),
			 RST_AT_AFFINITY, t->tid);
	if (t->timerslack)
		rst_must(a, sys_call5(SYS_prctl, PR_SET_TIMERSLACK, t->timerslack, 0, 0, 0),
			 RST_AT_TIMERSLACK, t->tid);
}

/* What a thread asked for by prctl(2) and ioprio_set(2). */
static void set_wishes(const struct rst_args *a, const struct rst_thread *t)
{
	if (t->ioprio >= 0)
		rst_must(a, sys_call3(SYS_ioprio_set, IOPRIO_WHO_PROCESS_NR, 0, t->ioprio),
			 RST_AT_IOPRIO, t->tid);
	if (t->mce_kill >= 0)
		rst_must(a, sys_call5(SYS_prctl, PR_MCE_KILL, PR_MCE_KILL_SET, t->mce_kill, 0, 0),
			 RST_AT_MCE_KILL, t->tid);
	if (t->tsc_mode >= 0)
		rst_must(a, sys_call5(SYS_prctl, PR_SET_TSC, t->tsc_mode, 0, 0, 0), RST_AT_TSC,
			 t->tid);
	if (t->io_flusher >= 0)
		rst_must(a, sys_call5(SYS_prctl, PR_SET_IO_FLUSHER_NR, t->io_flusher, 0, 0, 0),
			 RST_AT_IO_FLUSHER, t->tid);
}

static void set_altstack(const struct rst_args *a, const struct rst_thread *t)
{
	struct altstack sas = { .sp = t->sas_sp, .flags = t->sas_flags, .size = t->sas_size };

	if (!(t->sas_flags & SAS_DISABLE))
		rst_must(a, sys_call2(SYS_sigaltstack, (long)&sas, 0), RST_AT_SAS, t->tid);
}

static int32_t signo_of(const char *info)
{
	return *(const int32_t *)info;
}

static void queue_own(const struct rst_args *a, const struct rst_thread *t)
{
	const char *info = rst_at(a, t->pending.off);

	for (uint32_t i = 0; i < t->pending.nr; i++, info += SIGINFO_BYTES)
		rst_must(a,
			 sys_call4(SYS_rt_tgsigqueueinfo, a->process.pid, t->tid, signo_of(info),
				   (long)info),
			 RST_AT_SIGQUEUE, signo_of(info));
}

/* Leader only: the kernel lets nobody else queue arbitrary siginfo to the process. */
void rst_queue_shared(const struct rst_args *a)
{
	const char *info = rst_at(a, a->process.pending.off);

	for (uint32_t i = 0; i < a->process.pending.nr; i++, info += SIGINFO_BYTES)
		rst_must(a,
			 sys_call3(SYS_rt_sigqueueinfo, a->process.pid, signo_of(info), (long)info),
			 RST_AT_SIGQUEUE, signo_of(info));
}

void rst_thread_apply(const struct rst_args *a, const struct rst_thread *t)
{
	rst_must(a, sys_call5(SYS_prctl, PR_SET_NAME, (long)t->comm, 0, 0, 0), RST_AT_COMM, t->tid);
	if (t->robust_len)
		rst_must(a, sys_call2(SYS_set_robust_list, t->robust_list, t->robust_len),
			 RST_AT_ROBUST, t->tid);
	sys_call1(SYS_set_tid_address, t->clear_tid);
	set_altstack(a, t);
	if (t->rseq_len)
		rst_must(a, sys_call4(SYS_rseq, t->rseq, t->rseq_len, 0, t->rseq_sig), RST_AT_RSEQ,
			 t->tid);
	set_sched(a, t);
	set_wishes(a, t);
	queue_own(a, t);
}
