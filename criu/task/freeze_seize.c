// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching to threads and waiting until they stand.
 *
 * waitpid is called for one thread at a time and never blocks: a thread in execve waits until we
 * have reaped its siblings, so blocking on the wrong one would never end.  Between two rounds we
 * sleep in sigtimedwait for the SIGCHLD that each stop sends.
 */
#include "task/freeze_priv.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/options.h"

#include "proc/stat.h"
#include "task/regs.h"

enum {
	FIRST_BUCKETS = 1024,
	NAP_NS = 1000000, /* between two rounds if no SIGCHLD comes */
	STUCK_US = 2000,  /* no progress for so long: look why */
	STUCK_MAX_US = 100000,
	LOST_US = 16000, /* still none: a request to stop may have been lost */
	TICK_NS = 20000000,
	EPERM_RETRIES = 20,
	EPERM_RETRY_US = 500,
};

static size_t bucket_of(const struct freezer *f, pid_t tid)
{
	return ((uint32_t)tid * 2654435761u) & (f->nr_buckets - 1);
}

struct frozen_thread *freezer_find(const struct freezer *f, pid_t tid)
{
	struct frozen_thread *th = f->nr_buckets ? f->buckets[bucket_of(f, tid)] : NULL;

	while (th && th->tid != tid)
		th = th->next_in_bucket;
	return th;
}

static void hash_insert(struct freezer *f, struct frozen_thread *th)
{
	size_t b = bucket_of(f, th->tid);

	th->next_in_bucket = f->buckets[b];
	f->buckets[b] = th;
}

static void hash_grow(struct freezer *f)
{
	struct frozen_thread **old = f->buckets;
	size_t nr_old = f->nr_buckets;

	f->nr_buckets = nr_old ? nr_old * 2 : FIRST_BUCKETS;
	f->buckets = arena_array(f->arena, f->nr_buckets, sizeof(*f->buckets));
	for (size_t b = 0; b < nr_old; b++) {
		for (struct frozen_thread *th = old[b], *next; th; th = next) {
			next = th->next_in_bucket;
			hash_insert(f, th);
		}
	}
}

static void hash_add(struct freezer *f, struct frozen_thread *th)
{
	if (f->nr_hashed == f->nr_buckets)
		hash_grow(f);
	hash_insert(f, th);
	f->nr_hashed++;
}

static void hash_remove(struct freezer *f, struct frozen_thread *th)
{
	struct frozen_thread **link = &f->buckets[bucket_of(f, th->tid)];

	while (*link && *link != th)
		link = &(*link)->next_in_bucket;
	if (!*link)
		return;
	*link = th->next_in_bucket;
	f->nr_hashed--;
}

struct frozen_task *freezer_add_task(struct freezer *f, pid_t pid)
{
	struct frozen_task *t = ARENA_NEW(f->arena, struct frozen_task);

	t->pid = pid;
	f->tasks = arena_grow(f->arena, f->tasks, f->nr_tasks, sizeof(*f->tasks));
	f->tasks[f->nr_tasks++] = t;
	return t;
}

void freezer_pend(struct freezer *f, struct frozen_thread *th)
{
	th->state = THREAD_RUNNING;
	f->pending = arena_grow(f->arena, f->pending, f->nr_pending, sizeof(*f->pending));
	f->pending[f->nr_pending++] = th;
}

void freezer_interrupt(struct frozen_thread *th)
{
	/* ESRCH: it is ending, and the next wait says so. */
	ptrace(PTRACE_INTERRUPT, th->tid, 0, 0);
}

static struct frozen_thread *thread_add(struct freezer *f, struct frozen_task *t, pid_t tid)
{
	struct frozen_thread *th = ARENA_NEW(f->arena, struct frozen_thread);

	th->task = t;
	th->tid = tid;
	hash_add(f, th);
	if (tid == t->pid)
		t->leader = th;
	return th;
}

static void task_take_thread(struct freezer *f, struct frozen_task *t, struct frozen_thread *th)
{
	t->threads = arena_grow(f->arena, t->threads, t->nr_threads, sizeof(*t->threads));
	t->threads[t->nr_threads++] = th;
	t->is_known = false;
}

/* The kernel does not let us attach to one that has ended but was not waited for. */
static void note_zombie(struct freezer *f, struct frozen_task *t, pid_t tid)
{
	struct proc_stat st;
	struct err *e;

	/* Of a thread that is not the leader nobody waits: it is gone in a moment. */
	if (tid != t->pid)
		return;
	e = proc_stat_read_pid(tid, &st);
	if (e) {
		t->kind = KIND_GONE;
		err_drop(e, "the zombie was waited for");
		return;
	}
	t->kind = st.nr_threads > 1 ? KIND_ENDING : KIND_ZOMBIE;
	t->ending_us = clock_us();
	/* In the table it keeps later passes from adding it again. */
	thread_add(f, t, tid)->state = THREAD_GONE;
}

static void reap_if_dead(pid_t tid)
{
	siginfo_t info = { 0 };

	/*
	 * A stop is left to be taken by freezer_poll: the kernel gives those of tracees asked for
	 * or not.
	 */
	if (waitid(P_PID, (id_t)tid, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL))
		return;
	if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED)
		waitid(P_PID, (id_t)tid, &info, WEXITED | WNOHANG | __WALL);
}

/*
 * Once, not at intervals: on a busy machine the handler could fill an interval and nothing else
 * would run.
 */
void freezer_arm_tick(const struct freezer *f)
{
	struct itimerspec tick = { .it_value.tv_nsec = TICK_NS };

	timer_settime(f->timer, 0, &tick, NULL);
}

/*
 * PTRACE_SEIZE and execve can lock each other out for ever:
 *  1. thread A calls execve, takes the task's cred_guard_mutex, kills and awaits its siblings;
 *  2. sibling B, our tracee, is dead but stays until we reap it;
 *  3. we seize thread C of the same task and sleep on that mutex.
 * The sleep ends for a signal, and the kernel starts the call again after its handler: which reaps.
 * The table, which does not change during the call, hears of it later by ECHILD.
 */
void freezer_on_tick(int sig, siginfo_t *info, void *context)
{
	const struct freezer *f = info->si_value.sival_ptr;
	const struct frozen_task *t = info->si_code == SI_TIMER ? f->seizing : NULL;
	int saved_errno = errno;

	(void)sig;
	(void)context;
	for (size_t i = 0; t && i < t->nr_threads; i++)
		reap_if_dead(t->threads[i]->tid);
	freezer_arm_tick(f);
	errno = saved_errno;
}

static long seize(struct freezer *f, struct frozen_task *t, pid_t tid)
{
	long ret;

	f->seizing = t;
	ret = ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACESYSGOOD);
	f->seizing = NULL;
	return ret;
}

/*
 * EPERM without a reason to be seen may be of the moment:
 *  1. a thread calls execve, the leader is killed;  2. we ask for the leader, a zombie: EPERM;
 *  3. the thread takes the leader's number;  4. we look why, and see a healthy task.
 */
static struct err *attach(struct freezer *f, struct frozen_task *t, pid_t tid, bool *is_zombie)
{
	struct err *e = NULL;

	*is_zombie = false;
	for (int i = 0; i < EPERM_RETRIES; i++) {
		if (!seize(f, t, tid))
			return NULL;
		e = freezer_seize_error(t->pid, tid, errno);
		*is_zombie = !e;
		if (!e || err_errno(e) != EPERM || i == EPERM_RETRIES - 1)
			return e;
		err_drop(e, "tried again");
		usleep(EPERM_RETRY_US);
	}
	return NULL;
}

struct err *freezer_seize(struct freezer *f, struct frozen_task *t, pid_t tid)
{
	bool is_zombie;
	struct err *e;

	if (clock_us() >= f->deadline_us)
		return freezer_too_late(f);
	if (cgroup_freezer_bars(&f->cgroup, t->pid, tid)) {
		/* Found again after the group is let go. */
		if (tid == t->pid)
			t->kind = KIND_GONE;
		return NULL;
	}
	e = attach(f, t, tid, &is_zombie);
	if (!e && !is_zombie) {
		struct frozen_thread *th = thread_add(f, t, tid);

		task_take_thread(f, t, th);
		freezer_interrupt(th);
		freezer_pend(f, th);
		return NULL;
	}
	if (!e) {
		note_zombie(f, t, tid);
		return NULL;
	}
	if (err_code(e) != ERR_GONE)
		return e;
	if (tid == t->pid)
		t->kind = KIND_GONE;
	err_drop(e, "a thread may end before we attach to it");
	return NULL;
}

void freezer_drop_thread(struct freezer *f, struct frozen_thread *th)
{
	struct frozen_task *t = th->task;

	hash_remove(f, th);
	th->state = THREAD_GONE;
	f->saw_change = true;
	for (size_t i = 0; i < t->nr_threads; i++) {
		if (t->threads[i] != th)
			continue;
		memmove(&t->threads[i], &t->threads[i + 1],
			(t->nr_threads - i - 1) * sizeof(*t->threads));
		t->nr_threads--;
		break;
	}
	if (th != t->leader)
		return;
	/* The kernel tells of the leader's end last. */
	t->kind = KIND_GONE;
	while (t->nr_threads) {
		struct frozen_thread *last = t->threads[--t->nr_threads];

		hash_remove(f, last);
		last->state = THREAD_GONE;
	}
}

/*
 * A signal got between our seize and our interrupt and the kernel asks whether to deliver it.  It
 * is, exactly once: the next trap is asked for first, so that the thread stands again before the
 * handler's first instruction.
 */
static void pass_signal(struct frozen_thread *th, int sig)
{
	if (!th->runs_for)
		freezer_interrupt(th);
	ptrace(PTRACE_CONT, th->tid, 0, sig);
}

bool freezer_poll(struct freezer *f, struct frozen_thread *th)
{
	int status;
	pid_t pid = waitpid(th->tid, &status, __WALL | WNOHANG);
	struct err *e;

	if (pid == 0 || (pid < 0 && errno == EINTR))
		return false;
	/* ECHILD: another thread of the task called execve and took the leader's number. */
	if (pid < 0 || !WIFSTOPPED(status)) {
		freezer_drop_thread(f, th);
		return true;
	}
	if (status >> 16 != PTRACE_EVENT_STOP) {
		pass_signal(th, WSTOPSIG(status));
		if (th->state == THREAD_STOPPED)
			freezer_pend(f, th);
		return true;
	}
	e = regs_settle_call(th->task->pid, th->tid);
	if (e)
		err_drop(e, "it has ended, and a later wait says so; or it is 32-bit, and the look "
			    "says so");
	th->state = THREAD_STOPPED;
	th->stop_signal = WSTOPSIG(status);
	th->runs_for = NULL;
	return true;
}

/* One round over the pending threads; true if any of them moved. */
static bool poll_pending(struct freezer *f)
{
	size_t nr = f->nr_pending, kept = 0;
	bool moved = false;

	for (size_t i = 0; i < nr; i++) {
		struct frozen_thread *th = f->pending[i];

		/* The parent stands or is gone: now the child may be stopped. */
		if (th->runs_for && th->runs_for->state != THREAD_RUNNING) {
			th->runs_for = NULL;
			freezer_interrupt(th);
		}
		if (th->state == THREAD_RUNNING)
			moved |= freezer_poll(f, th);
		if (th->state == THREAD_RUNNING)
			f->pending[kept++] = th;
	}
	f->nr_pending = kept;
	return moved;
}

static void nap(void)
{
	struct timespec ts = { .tv_nsec = NAP_NS };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &ts);
}

struct err *freezer_wait(struct freezer *f)
{
	uint64_t moved_us = clock_us(), stuck_us = STUCK_US;

	while (f->nr_pending) {
		uint64_t now;

		if (poll_pending(f)) {
			moved_us = clock_us();
			stuck_us = STUCK_US;
			continue;
		}
		now = clock_us();
		if (now >= f->deadline_us)
			return freezer_stuck_error(f);
		if (now - moved_us >= stuck_us) {
			TRY(freezer_unstick(f, stuck_us >= LOST_US));
			moved_us = clock_us();
			stuck_us = MIN(stuck_us * 2, (uint64_t)STUCK_MAX_US);
		}
		nap();
	}
	return NULL;
}
