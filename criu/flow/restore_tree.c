/* SPDX-License-Identifier: GPL-2.0-only */
#include "flow/restore_tree.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/options.h"
#include "base/progress.h"
#include "files/files.h"
#include "flow/restorer.h"
#include "flow/worker.h"
#include "inject/commit.h"
#include "mem/restore.h"
#include "proc/stat.h"
#include "task/born.h"
#include "task/regs.h"
#include "task/restore_read.h"
#include "task/rseq.h"
#include "task/stage.h"

/* How long to sleep when nothing says anything; only a lost signal would make that matter. */
enum { IDLE_MS = 100 };

static bool task_has_seccomp(const struct task *t)
{
	for (size_t i = 0; i < t->nr_threads; i++) {
		const ThreadCoreEntry *core = t->threads[i].core->thread_core;

		if (core->has_seccomp_mode && core->seccomp_mode != SECCOMP_MODE__disabled)
			return true;
	}
	return false;
}

/* ---- births ---- */

static struct err *seize_new(struct restore_tree *t)
{
	struct restore *r = t->r;
	uint32_t nr = stage_nr_born(r->stage), slot;

	for (; t->nr_seen < nr && stage_born_slot(r->stage, t->nr_seen, &slot); t->nr_seen++) {
		struct task *task;

		BUG_ON(slot >= r->born->nr);
		t->is_born[slot] = true;
		task = r->born->list[slot]->task;
		if (!task)
			continue;
		task->host_pid = task->ns_pid;
		if (task_is_live(task))
			TRY(commit_seize(task->host_pid, task_has_seccomp(task)));
	}
	return NULL;
}

/* ---- failures ---- */

static const char *slot_name(struct restore *r, uint32_t slot)
{
	const struct born *b = r->born->list[slot];

	if (b->task)
		return task_restore_name(r->arena, b->task);
	return arena_printf(r->arena, "%d (helper for a session or group)", b->pid);
}

static struct err *reported_failure(struct restore_tree *t)
{
	struct stage *s = t->r->stage;
	uint32_t first = stage_failed(s);
	const struct rst_result *result;
	struct err *e;

	if (!first)
		return NULL;
	BUG_ON(first > t->r->born->nr);
	result = stage_slot_result(s, first - 1);
	if (result && result->where == RST_AT_LOCK)
		return files_lock_failed(t->r, t->r->born->list[first - 1]->task, result->detail,
					 result->err);
	e = stage_slot_failure(s, first - 1, slot_name(t->r, first - 1));
	return e ? e :
		   err_new(ERR_GONE, "the parent of task %s ended while it was restored",
			   slot_name(t->r, first - 1));
}

static struct err *worker_ended(struct restore_tree *t, pid_t pid, int status)
{
	for (size_t i = 0; i < t->r->born->nr; i++) {
		const struct born *b = t->r->born->list[i];

		if (b->pid != pid)
			continue;
		/* The helper that made the root task is our own child. */
		if (!b->task && WIFEXITED(status) && !WEXITSTATUS(status))
			return NULL;
		if (WIFSIGNALED(status))
			return err_new(ERR_GONE,
				       "task %s was killed by signal %d while it was restored",
				       slot_name(t->r, i), WTERMSIG(status));
		return err_new(ERR_GONE, "task %s ended while it was restored", slot_name(t->r, i));
	}
	return NULL;
}

/*
 * A traced worker stopped: all signals are blocked, so the kernel forced one, or somebody sent
 * SIGSTOP.
 */
static struct err *worker_stopped(struct restore_tree *t, pid_t pid, int status)
{
	int signo = WSTOPSIG(status);

	if (signo == SIGSEGV || signo == SIGBUS || signo == SIGILL || signo == SIGFPE ||
	    signo == SIGSYS)
		return err_new(ERR_BUG, "the worker of task %d crashed (signal %d)", pid, signo);
	(void)t;
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	return NULL;
}

static struct err *look_at_children(struct restore_tree *t)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (WIFSTOPPED(status))
			TRY(worker_stopped(t, pid, status));
		else
			TRY(worker_ended(t, pid, status));
	}
	return NULL;
}

static bool has_ended(pid_t pid)
{
	struct proc_stat stat;
	struct err *e = proc_stat_read_pid(pid, &stat);

	if (!e)
		return stat.state == 'Z' || stat.state == 'X';
	err_drop(e, "it is gone");
	return true;
}

/*
 * Nobody has said anything for a while: one that was killed before we attached to it would be
 * waited for in vain.  A worker announces itself after it forked its own, so those of an announced
 * one exist.
 */
static struct err *look_for_missing(struct restore_tree *t)
{
	for (size_t i = 0; i < t->r->born->nr; i++) {
		const struct born *b = t->r->born->list[i];

		if (t->is_born[i] || (b->creator && !t->is_born[b->creator->slot]) ||
		    !has_ended(b->pid))
			continue;
		/* It may have come in between. */
		TRY(seize_new(t));
		if (!t->is_born[i])
			return err_new(ERR_GONE, "task %s ended while it was restored",
				       slot_name(t->r, i));
	}
	return NULL;
}

/* ---- waiting ---- */

static struct err *open_gates(struct restore_tree *t);

void restore_tree_interrupts(sigset_t *out)
{
	sigemptyset(out);
	sigaddset(out, SIGINT);
	sigaddset(out, SIGTERM);
	sigaddset(out, SIGHUP);
	sigaddset(out, SIGQUIT);
}

static struct err *look_for_interrupt(void)
{
	const struct timespec now = { 0 };
	sigset_t set;
	int signo;

	restore_tree_interrupts(&set);
	signo = sigtimedwait(&set, NULL, &now);
	return signo > 0 ? err_new(ERR_SYS, "interrupted by signal %d", signo) : NULL;
}

static struct err *wait_for(struct restore_tree *t,
			    bool (*is_reached)(const struct restore_tree *t))
{
	uint32_t seen = 0, now;

	for (;;) {
		TRY(seize_new(t));
		TRY(open_gates(t));
		TRY(reported_failure(t));
		if (is_reached(t))
			return NULL;
		TRY(look_at_children(t));
		TRY(look_for_interrupt());
		now = stage_wait_event(t->r->stage, seen, IDLE_MS);
		progress_show(t->r->progress);
		if (now == seen)
			TRY(look_for_missing(t));
		seen = now;
	}
}

static bool all_born(const struct restore_tree *t)
{
	return t->nr_seen == t->r->born->nr;
}

static bool all_ready(const struct restore_tree *t)
{
	return stage_nr_ready(t->r->stage) == t->r->born->nr_workers;
}

static void ignore_signal(int signo)
{
	(void)signo;
}

struct err *restore_tree_make(struct restore_tree *t)
{
	struct restore *r = t->r;
	/* Not SA_RESTART: a child that ends, or a worker that crashes, ends the sleep. */
	const struct sigaction wake = { .sa_handler = ignore_signal };
	sigset_t all, old;
	struct err *e;

	t->is_born = arena_array(r->arena, r->born->nr, sizeof(bool));
	t->is_gate_open = arena_array(r->arena, r->tree.nr_tasks, sizeof(bool));
	sigaction(SIGCHLD, &wake, NULL);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	t->is_forked = true;
	e = worker_fork_first(r, r->opts->restore_sibling);
	sigprocmask(SIG_SETMASK, &old, NULL);
	TRY(e);
	TRY(wait_for(t, all_born));
	stage_open(r->stage, WORKER_STAGE_SEIZED);
	return NULL;
}

struct err *restore_tree_ready(struct restore_tree *t)
{
	return wait_for(t, all_ready);
}

/* ---- the commit ---- */

static struct err *commit_task_of(const struct restore_tree *t, const struct task *task,
				  struct commit_task *out)
{
	struct restore *r = t->r;
	const struct stage_slot *slot = stage_slot(r->stage, task->index);

	*out = (struct commit_task){
		.pid = task->host_pid,
		.nr_threads = task->nr_threads,
		.threads = arena_array(r->arena, task->nr_threads, sizeof(struct commit_thread)),
		.area_start = slot->area_start,
		.area_len = slot->area_len,
		.has_seccomp = task_has_seccomp(task),
	};
	for (size_t i = 0; i < task->nr_threads; i++)
		out->threads[i] = (struct commit_thread){ task->threads[i].ns_tid,
							  &task->threads[i] };
	return restorer_syscall_ip(slot->area_start, &out->syscall_ip);
}

/*
 * Tasks whose threads are all at the gate: seccomp is suspended for all of them, then they may go
 * on.
 */
static struct err *open_gates(struct restore_tree *t)
{
	struct restore *r = t->r;

	if (stage_nr_gates(r->stage) == t->nr_gates)
		return NULL;
	for (size_t i = 0; i < r->tree.nr_tasks; i++) {
		const struct task *task = r->tree.tasks[i];
		struct commit_task c;

		if (t->is_gate_open[i] || !task_is_live(task) ||
		    !stage_gate_reached(r->stage, i, task->nr_threads))
			continue;
		TRY(commit_task_of(t, task, &c));
		TRY(commit_seize_threads(&c));
		t->is_gate_open[i] = true;
		t->nr_gates++;
		stage_gate_open(r->stage, i);
	}
	return NULL;
}

static struct err *context_of(void *arg, const struct commit_thread *th, struct arch_context *out)
{
	(void)arg;
	return regs_context(th->ref, out);
}

static struct err *finish_task(struct restore_tree *t, const struct commit_task *c,
			       struct task *task)
{
	const struct commit_context context = { .get = context_of };

	TRY(err_context(commit_unmap(c), "task %s", task_restore_name(t->r->arena, task)));
	TRY(commit_set(c, &context));
	for (size_t i = 0; i < task->nr_threads; i++) {
		task->threads[i].host_tid = task->threads[i].ns_tid;
		TRY(regs_put_segments(&task->threads[i]));
		TRY(rseq_put_section(&task->threads[i]));
	}
	return mem_restore_check(t->r, task);
}

/* All live tasks, in tree order. */
static struct err *list_commits(struct restore_tree *t)
{
	struct restore *r = t->r;

	t->commits = arena_array(r->arena, r->born->nr_workers, sizeof(*t->commits));
	t->nr_commits = 0;
	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		if (task_is_live(r->tree.tasks[i]))
			TRY(commit_task_of(t, r->tree.tasks[i], &t->commits[t->nr_commits++]));
	return NULL;
}

struct err *restore_tree_commit(struct restore_tree *t)
{
	struct restore *r = t->r;
	size_t k = 0;

	TRY(list_commits(t));
	for (size_t i = 0; i < t->nr_commits; i++)
		if (!t->commits[i].has_seccomp)
			TRY(commit_seize_threads(&t->commits[i]));
	TRY(commit_stop(t->commits, t->nr_commits));
	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		if (task_is_live(r->tree.tasks[i]))
			TRY(finish_task(t, &t->commits[k++], r->tree.tasks[i]));
	return NULL;
}

/* SIGSTOP, or 0 for a task that is to run. */
static int stop_signal_of(const struct restore *r, const struct task *task)
{
	return r->opts->final == FINAL_STOPPED || task->state == TASK_STOPPED ? SIGSTOP : 0;
}

struct err *restore_tree_resume(struct restore_tree *t)
{
	struct restore *r = t->r;
	struct err *e = NULL;
	size_t k = 0;

	t->is_done = t->is_resumed = true;
	for (size_t i = 0; i < r->tree.nr_tasks; i++)
		if (task_is_live(r->tree.tasks[i]))
			e = err_join(e, commit_release(&t->commits[k++],
						       stop_signal_of(r, r->tree.tasks[i])));
	/* One that cannot be let go does not keep the others. */
	for (k = 0; k < t->nr_commits; k++)
		e = err_join(e, commit_detach(&t->commits[k]));
	return e;
}

/* ---- undo ---- */

static void sleep_1ms(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	nanosleep(&ms, NULL);
}

/*
 * Kills one and reaps it if it is ours.  Others are reaped by their parents: by ours if that is a
 * sibling, by dead workers never, whose children come to us.
 */
static bool kill_one(pid_t pid)
{
	pid_t got;

	kill(pid, SIGKILL);
	got = waitpid(pid, NULL, WNOHANG | __WALL);
	return got > 0 || (got < 0 && has_ended(pid));
}

/* A leader does not end as long as we trace one of its threads and have not waited for its end. */
static void reap_traced_threads(const struct restore_tree *t)
{
	for (size_t i = 0; i < t->nr_commits; i++)
		for (size_t k = 1; k < t->commits[i].nr_threads; k++)
			waitpid(t->commits[i].threads[k].tid, NULL, WNOHANG | __WALL);
}

/* One round over all that exist; the number of those that have not ended. */
static size_t kill_round(struct restore_tree *t, bool *is_gone)
{
	struct restore *r = t->r;
	size_t left = 0;

	reap_traced_threads(t);
	for (size_t i = 0; i < r->born->nr; i++) {
		/* Only those known to be ours: a number that was taken belongs to a stranger. */
		if (is_gone[i] || !stage_has_started(r->stage, i))
			continue;
		is_gone[i] = kill_one(r->born->list[i]->pid);
		left += !is_gone[i];
	}
	return left;
}

/* What was forked but could not even say so; its maker's death has ended it. */
static void reap_unannounced(void)
{
	int tries = 50;
	pid_t pid;

	while (((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0 || !pid) && tries)
		if (!pid) {
			sleep_1ms();
			tries--;
		}
}

void restore_tree_kill(struct restore_tree *t)
{
	enum { ROUNDS = 10000 };
	struct restore *r = t->r;
	bool *is_gone;

	if (!t->is_forked || t->is_done)
		return;
	t->is_done = true;
	is_gone = arena_array(r->arena, r->born->nr, sizeof(bool));
	/* Children of killed workers come to us, so that they can be waited for. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	stage_set_failed(r->stage, 0);
	for (int round = 0; kill_round(t, is_gone); round++) {
		if (round == ROUNDS) {
			log_warn("flow", 0, "some processes of the tree do not end after SIGKILL");
			break;
		}
		sleep_1ms();
	}
	reap_unannounced();
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}
