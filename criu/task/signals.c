/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals: actions, masks, alternate stacks, and what is pending with its siginfo, in the thread's
 * own queue and in the one all threads share.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>

#include "task/part.h"
#include "task/restore_parts.h"

/* The kernel's siginfo_t. */
#define SIGINFO_LEN 128
#define PEEK_BATCH 32

static void append(struct arena *a, SignalQueueEntry *q, const void *info)
{
	SiginfoEntry *e = PB_NEW(a, SiginfoEntry, siginfo_entry);

	e->siginfo.len = SIGINFO_LEN;
	e->siginfo.data = arena_memdup(a, info, SIGINFO_LEN);
	q->signals = arena_grow(a, q->signals, q->n_signals, sizeof(*q->signals));
	q->signals[q->n_signals++] = e;
}

/*
 * A signal can be pending without an entry in the queue (the sender's RLIMIT_SIGPENDING was used
 * up): then the program would get a siginfo of zeros with si_code SI_USER, and so it does after the
 * restore.
 */
static void append_unqueued(struct arena *a, SignalQueueEntry *q, uint64_t pending, uint64_t queued)
{
	for (int sig = 1; sig <= 64; sig++) {
		char info[SIGINFO_LEN] = { 0 };

		if (!((pending & ~queued) >> (sig - 1) & 1))
			continue;
		memcpy(info, &sig, sizeof(sig));
		append(a, q, info);
	}
}

static struct err *queue_dump(struct arena *a, pid_t tid, bool shared, uint64_t pending,
			      SignalQueueEntry **out)
{
	SignalQueueEntry *q = PB_NEW(a, SignalQueueEntry, signal_queue_entry);
	char infos[PEEK_BATCH][SIGINFO_LEN];
	struct __ptrace_peeksiginfo_args args = {
		.flags = shared ? PTRACE_PEEKSIGINFO_SHARED : 0,
		.nr = PEEK_BATCH,
	};
	uint64_t queued = 0;
	long nr;

	do {
		nr = ptrace(PTRACE_PEEKSIGINFO, tid, &args, infos);
		if (nr < 0)
			return err_sys(errno, "cannot read the pending signals of thread %d", tid);
		for (long i = 0; i < nr; i++) {
			int sig;

			memcpy(&sig, infos[i], sizeof(sig));
			if (sig > 0 && sig <= 64)
				queued |= 1ull << (sig - 1);
			append(a, q, infos[i]);
		}
		args.off += nr;
	} while (nr == PEEK_BATCH);
	append_unqueued(a, q, pending, queued);
	*out = q;
	return NULL;
}

static struct err *signals_dump_task(struct dump *d, struct task *t, const struct task_probe *p)
{
	TaskCoreEntry *tc = t->threads[0].core->tc;
	struct arena *a = d->arena;

	tc->sigactions = arena_array(a, 62, sizeof(*tc->sigactions));
	for (int sig = 1; sig <= 64; sig++) {
		const struct parasite_sigaction *s = &p->parasite.sigaction[sig - 1];
		SaEntry *e;

		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		e = tc->sigactions[tc->n_sigactions++] = PB_NEW(a, SaEntry, sa_entry);
		e->sigaction = s->handler;
		e->flags = s->flags;
		e->restorer = s->restorer;
		e->mask = s->mask;
	}
	return queue_dump(a, t->host_pid, true, p->status.shd_pnd, &tc->signals_s);
}

static struct err *signals_dump_thread(struct dump *d, struct thread *t,
				       const struct thread_view *v)
{
	ThreadCoreEntry *core = t->core->thread_core;
	ThreadSasEntry *sas = core->sas = PB_NEW(d->arena, ThreadSasEntry, thread_sas_entry);

	sas->ss_sp = v->parasite->ss_sp;
	sas->ss_size = v->parasite->ss_size;
	sas->ss_flags = v->parasite->ss_flags;
	if (t->core->tc)
		t->core->tc->blk_sigset = v->ctx->sigmask;
	core->has_blk_sigset = true;
	core->blk_sigset = v->ctx->sigmask;
	return queue_dump(d->arena, t->host_tid, false, v->status->sig_pnd, &core->signals_p);
}

const struct task_part task_part_signals = {
	.name = "signals",
	.dump_task = signals_dump_task,
	.dump_thread = signals_dump_thread,
};

/* ---- restore ---- */

enum { SIGINFO_BYTES = 128, LAST_SIGNAL = 64 };

static struct err *signals_check_queue(pid_t tid, const SignalQueueEntry *q)
{
	for (size_t i = 0; q && i < q->n_signals; i++) {
		const ProtobufCBinaryData *info = &q->signals[i]->siginfo;
		int signo;

		if (info->len < sizeof(signo) || info->len > SIGINFO_BYTES)
			return err_new(ERR_IMAGE, "core-%d.img: a pending signal has %zu bytes",
				       tid, info->len);
		memcpy(&signo, info->data, sizeof(signo));
		if (signo < 1 || signo > LAST_SIGNAL)
			return err_new(ERR_IMAGE, "core-%d.img: pending signal %d does not exist",
				       tid, signo);
	}
	return NULL;
}

static struct err *signals_check(const struct restore *r UNUSED, const struct task *t)
{
	const TaskCoreEntry *tc = t->threads[0].core->tc;

	if (tc->n_sigactions != RST_NR_SIGACTIONS)
		return err_new(ERR_IMAGE, "core-%d.img: %zu signal actions instead of %d",
			       t->ns_pid, tc->n_sigactions, RST_NR_SIGACTIONS);
	for (size_t i = 0; i < tc->n_sigactions; i++)
		if (tc->sigactions[i]->has_compat_sigaction && tc->sigactions[i]->compat_sigaction)
			return err_new(ERR_UNSUPPORTED, "task %d has 32-bit signal handlers",
				       t->ns_pid);
	return signals_check_queue(t->ns_pid, tc->signals_s);
}

static struct err *signals_check_thread(const struct restore *r UNUSED, const struct thread *th)
{
	return signals_check_queue(th->ns_tid, th->core->thread_core->signals_p);
}

static void signals_put_queue(struct rst_build *b, const SignalQueueEntry *q, struct rst_queue *out)
{
	size_t nr = q ? q->n_signals : 0;

	*out = (struct rst_queue){ .nr = nr };
	if (!nr)
		return;
	out->off = rst_put(b, NULL, nr * SIGINFO_BYTES);
	for (size_t i = 0; i < nr; i++)
		memcpy((char *)rst_at(b, out->off) + i * SIGINFO_BYTES, q->signals[i]->siginfo.data,
		       q->signals[i]->siginfo.len);
}

static struct err *signals_fill(struct worker *w, struct rst_build *b)
{
	const TaskCoreEntry *tc = w->task->threads[0].core->tc;
	struct rst_queue queue;

	for (size_t i = 0; i < RST_NR_SIGACTIONS; i++) {
		const SaEntry *from = tc->sigactions[i];

		rst_args(b)->process.actions[i] = (struct rst_sigaction){
			.handler = from->sigaction,
			.flags = from->flags,
			.restorer = from->restorer,
			.mask = from->mask,
		};
	}
	signals_put_queue(b, tc->signals_s, &queue);
	rst_args(b)->process.pending = queue;
	return NULL;
}

static struct err *signals_fill_thread(struct worker *w UNUSED, struct rst_build *b,
				       const struct thread *th, struct rst_thread *out)
{
	const ThreadCoreEntry *tc = th->core->thread_core;

	signals_put_queue(b, tc->signals_p, &out->pending);
	out->sas_flags = SS_DISABLE;
	if (!tc->sas)
		return NULL;
	out->sas_sp = tc->sas->ss_sp;
	out->sas_size = tc->sas->ss_size;
	/* SS_ONSTACK only tells where the thread was. */
	out->sas_flags = tc->sas->ss_flags & ~SS_ONSTACK;
	return NULL;
}

const struct restore_part restore_part_signals = {
	.name = "signals",
	.check = signals_check,
	.check_thread = signals_check_thread,
	.fill = signals_fill,
	.fill_thread = signals_fill_thread,
};
