// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that do not stop, and why.
 *
 * A parent in vfork sleeps uninterruptibly until its child calls execve or exits.  If we stopped
 * that child first, neither would ever move: so the child is let run on until the parent stands,
 * then stopped again.
 */
#include "task/freeze_priv.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/options.h"

#include "proc/pid.h"
#include "proc/scan.h"
#include "proc/stat.h"
#include "proc/status.h"

enum {
	ENDING_PATIENCE_US = 1000000,
	COMM_LEN = 64,
};

struct sleeper {
	char comm[COMM_LEN];
	char state;
	char wchan[64];
	bool is_in_vfork;
};

/* The task's name, or "?" when it is gone. */
static void comm_of(pid_t pid, char *comm)
{
	AUTO_FD dirfd = -1;
	struct err *e = proc_open(pid, &dirfd);

	if (!e)
		e = proc_read_comm(dirfd, comm, COMM_LEN);
	if (!e)
		return;
	strcpy(comm, "?");
	err_drop(e, "only the name in a message");
}

struct err *freezer_leader_ended(pid_t pid)
{
	char comm[COMM_LEN];

	comm_of(pid, comm);
	return err_hint(
		err_new(ERR_UNSUPPORTED,
			"cannot stop task %d (%s): its main thread has ended while others run on",
			pid, comm),
		"have the program's main thread wait for the others instead of pthread_exit");
}

struct err *freezer_check_ending(struct frozen_task *t)
{
	struct proc_stat st;
	struct err *e = proc_stat_read_pid(t->pid, &st);

	if (e) {
		t->kind = KIND_GONE;
		err_drop(e, "the task has ended");
		return NULL;
	}
	if (st.nr_threads <= 1)
		t->kind = KIND_ZOMBIE;
	else if (clock_us() - t->ending_us > ENDING_PATIENCE_US)
		return freezer_leader_ended(t->pid);
	return NULL;
}

struct err *freezer_seize_error(pid_t pid, pid_t tid, int errnum)
{
	AUTO_FD taskfd = -1, dirfd = -1;
	struct arena *a;
	struct proc_status st;
	struct err *e;
	char comm[COMM_LEN], tracer[COMM_LEN];

	if (errnum != EPERM)
		return err_sys(errnum, "cannot attach to thread %d of task %d", tid, pid);
	TRY(proc_open(pid, &taskfd));
	TRY(proc_open_thread(taskfd, tid, &dirfd));
	a = arena_new();
	e = proc_status_read(dirfd, a, &st);
	arena_free(a);
	TRY(e);
	if (st.state == 'Z')
		return NULL;
	/* Ours already: execve gave it this number just now. */
	if (st.state == 'X' || st.tracer_pid == getpid())
		return err_new(ERR_GONE, "cannot attach to thread %d: it is gone", tid);
	comm_of(pid, comm);
	if (!st.tracer_pid)
		return err_hint(err_sys(errnum, "cannot attach to thread %d of task %d (%s)", tid,
					pid, comm),
				"run as root, or with CAP_SYS_PTRACE in the task's user namespace");
	comm_of(st.tracer_pid, tracer);
	return err_hint(err_new(ERR_UNSUPPORTED,
				"cannot stop thread %d of task %d (%s): it is traced by task "
				"%d (%s)",
				tid, pid, comm, st.tracer_pid, tracer),
			"detach the debugger or tracer first");
}

/* "NR ARG ARG ..." of a thread that sleeps in a system call; "running" of others. */
static bool is_in_vfork(int dirfd)
{
	AUTO_FREE char *text = NULL;
	struct scan s;
	uint64_t nr, flags;
	size_t len;
	struct err *e = file_slurp_at(dirfd, &text, &len, "syscall");

	if (e) {
		err_drop(e, "the thread is gone");
		return false;
	}
	s = scan_init(text, len);
	if (!scan_u64(&s, &nr))
		return false;
#ifdef __NR_vfork
	if (nr == __NR_vfork)
		return true;
#endif
	/* Its flags are in memory; it sleeps uninterruptibly for nothing else for long. */
	if (nr == __NR_clone3)
		return true;
	return nr == __NR_clone && scan_text(&s, " 0x") && scan_hex(&s, &flags) &&
	       (flags & CLONE_VFORK);
}

static struct err *sleeper_look(const struct frozen_thread *th, int taskfd, struct sleeper *s)
{
	AUTO_FD dirfd = -1;
	struct proc_stat st;
	struct err *e;

	TRY(proc_open_thread(taskfd, th->tid, &dirfd));
	TRY(proc_stat_read(dirfd, &st));
	s->state = st.state;
	snprintf(s->comm, sizeof(s->comm), "%s", st.comm);
	s->is_in_vfork = st.state == 'D' && is_in_vfork(dirfd);
	e = proc_read_wchan(dirfd, s->wchan, sizeof(s->wchan));
	if (e)
		strcpy(s->wchan, "?");
	err_drop(e, "only the place in a message");
	return NULL;
}

static bool is_same_mm(pid_t a, pid_t b)
{
	return syscall(SYS_kcmp, a, b, KCMP_VM, 0, 0) == 0;
}

/*
 * A request to stop can be lost:
 *  1. we seize thread A;  2. A's execve gives it the leader's number;
 *  3. we interrupt A: no such thread.
 * The leader, which was asked before, is dead, and A runs in its place.
 */
static void ask_twice(struct frozen_thread *th)
{
	freezer_interrupt(th);
	th->was_asked_twice = true;
}

/* Lets a vfork child that we stopped run on; it is stopped again when @parent stands. */
static void release_vfork_child(struct freezer *f, struct frozen_thread *parent, pid_t child)
{
	struct frozen_thread *th = freezer_find(f, child);

	/* One in a group stop waits for SIGCONT, which is not ours to give. */
	if (!th || th->state != THREAD_STOPPED || th->stop_signal != SIGTRAP ||
	    !is_same_mm(parent->tid, child))
		return;
	log_debug("task", child, "runs on until its vfork parent %d stands", parent->tid);
	if (ptrace(PTRACE_CONT, child, 0, 0))
		return;
	th->runs_for = parent;
	freezer_pend(f, th);
}

static struct err *unstick_thread(struct freezer *f, struct frozen_thread *th, bool ask)
{
	AUTO_FD taskfd = -1;
	struct sleeper s;
	struct pid_list children;

	TRY(proc_open(th->task->pid, &taskfd));
	TRY(sleeper_look(th, taskfd, &s));
	if (s.state == 'Z' && th == th->task->leader) {
		if (!th->task->ending_us)
			th->task->ending_us = clock_us();
		else if (clock_us() - th->task->ending_us > ENDING_PATIENCE_US)
			return freezer_leader_ended(th->tid);
	}
	if (ask && (s.state == 'R' || s.state == 'S') && !th->runs_for)
		ask_twice(th);
	if (!s.is_in_vfork)
		return NULL;
	TRY(proc_thread_children(taskfd, th->tid, f->scratch, &children));
	for (size_t i = 0; i < children.nr; i++)
		release_vfork_child(f, th, children.pids[i]);
	return NULL;
}

/* Threads that were killed while they stood: execve of a sibling waits until we reap them. */
static void reap_dead(struct freezer *f)
{
	for (size_t i = 0; i < f->nr_tasks; i++) {
		struct frozen_task *t = f->tasks[i];

		for (size_t k = t->nr_threads; k-- > 0;) {
			if (k < t->nr_threads && t->threads[k]->state == THREAD_STOPPED)
				freezer_poll(f, t->threads[k]);
		}
	}
}

struct err *freezer_unstick(struct freezer *f, bool ask)
{
	size_t nr;

	reap_dead(f);
	nr = f->nr_pending;
	for (size_t i = 0; i < nr; i++) {
		struct frozen_thread *th = f->pending[i];
		struct err *e;

		if (th->state != THREAD_RUNNING)
			continue;
		e = unstick_thread(f, th, ask);
		if (e && err_code(e) != ERR_GONE)
			return e;
		err_drop(e, "the next wait will tell");
	}
	return NULL;
}

static struct err *vfork_stuck(struct freezer *f, const struct frozen_thread *th,
			       const struct sleeper *s)
{
	for (size_t i = 0; i < f->nr_pending; i++) {
		if (f->pending[i]->runs_for == th)
			return err_hint(
				err_new(ERR_SYS,
					"cannot stop task %d (%s) in %u s: it waits in vfork "
					"for its child %d to call execve or exit",
					th->task->pid, s->comm, f->opts->timeout_s,
					f->pending[i]->tid),
				"try again when the child has done so");
	}
	return err_hint(err_new(ERR_SYS,
				"cannot stop task %d (%s) in %u s: it waits in vfork for a child "
				"that is stopped",
				th->task->pid, s->comm, f->opts->timeout_s),
			"let the child go on with SIGCONT, and try again");
}

struct err *freezer_stuck_error(struct freezer *f)
{
	AUTO_FD taskfd = -1;
	const struct frozen_thread *th = f->pending[0];
	struct sleeper s = { .comm = "?", .wchan = "?" };

	for (size_t i = 0; i < f->nr_pending && th->runs_for; i++)
		th = f->pending[i];
	TRY(proc_open(th->task->pid, &taskfd));
	TRY(sleeper_look(th, taskfd, &s));
	if (s.is_in_vfork)
		return vfork_stuck(f, th, &s);
	return err_hint(
		err_new(ERR_SYS,
			"cannot stop thread %d of task %d (%s) in %u s: it is in state %c in "
			"%s of the kernel",
			th->tid, th->task->pid, s.comm, f->opts->timeout_s, s.state, s.wchan),
		s.state == 'D' ?
			"try again when that has ended; if its cgroup is frozen, thaw it or pass "
			"--freeze-cgroup" :
			"try again, or give it more time with --timeout");
}

struct err *freezer_too_late(const struct freezer *f)
{
	return err_hint(
		err_new(ERR_SYS,
			"cannot freeze the tree of task %d in %u s: it makes tasks faster than "
			"they can be stopped",
			f->root_pid, f->opts->timeout_s),
		"put the tree into a cgroup of its own and pass --freeze-cgroup");
}
