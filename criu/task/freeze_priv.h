/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_FREEZE_PRIV_H
#define TASK_FREEZE_PRIV_H

/*
 * The freezer's own table of tasks and threads.  It changes while tasks come and go; struct tree is
 * made of it when all stand still.
 *
 *   freeze.c        the passes
 *   freeze_tree.c   what is refused at once, and the tree at the end
 *   freeze_seize.c  the table, attaching, waiting for stops
 *   freeze_stuck.c  threads that do not stop: vfork parents, exec, uninterruptible sleep
 *   thaw.c          letting go
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/arena.h"
#include "base/err.h"

#include "task/cgroup_freezer.h"

struct dump;
struct options;

enum thread_state {
	THREAD_RUNNING, /* seized; a stop was asked for unless it runs for a vfork parent */
	THREAD_STOPPED, /* in PTRACE_EVENT_STOP */
	THREAD_GONE,	/* no tracee of ours any more */
};

struct frozen_thread {
	struct frozen_task *task;
	struct frozen_thread *next_in_bucket;
	struct frozen_thread *runs_for; /* a vfork parent that cannot stop before this execs */
	pid_t tid;
	enum thread_state state;
	bool was_asked_twice; /* another request to stop may still be pending */
	int stop_signal;      /* of the event stop: SIGTRAP, or that of a group stop */
};

enum task_kind {
	KIND_LIVE,
	KIND_ZOMBIE, /* not attached: the kernel does not let us, and it cannot change */
	KIND_ENDING, /* its leader has ended, other threads have not yet */
	KIND_GONE,   /* ended and waited for, or not of this tree */
};

struct frozen_task {
	pid_t pid;
	enum task_kind kind;
	bool is_known;	    /* stat was read while all threads stood */
	uint64_t ending_us; /* since when it is KIND_ENDING */
	pid_t ppid, pgid, sid;
	/* Also threads[0] of a living task; of a zombie only its entry in the table. */
	struct frozen_thread *leader;
	struct frozen_thread **threads;
	size_t nr_threads;

	/* Links of the tree, made at the end. */
	struct frozen_task *parent, *first_child, *last_child, *next_sibling;
	struct task *task;
};

struct freezer {
	struct arena *arena;   /* lives as long as the dump */
	struct arena *scratch; /* lists of one pass */
	const struct options *opts;
	pid_t root_pid;

	struct frozen_task **tasks; /* in the order they were found */
	size_t nr_tasks;
	struct frozen_thread **buckets;
	size_t nr_buckets, nr_hashed;

	struct frozen_thread **pending; /* THREAD_RUNNING ones */
	size_t nr_pending;

	timer_t timer;			      /* sends SIGALRM to us */
	struct frozen_task *volatile seizing; /* whose thread is being attached to now */

	bool suspends_seccomp;
	bool saw_change; /* somebody was found late or ended: parents may have changed */
	uint64_t started_us, frozen_us;
	uint64_t deadline_us; /* UINT64_MAX: none */
	struct cgroup_freezer cgroup;
};

/* freeze_seize.c */
struct frozen_thread *freezer_find(const struct freezer *f, pid_t tid);
/* Attaches to a thread of @t and asks it to stop.  One that is gone or a zombie is no failure. */
MUST_USE struct err *freezer_seize(struct freezer *f, struct frozen_task *t, pid_t tid);
/* A SIGALRM soon; its handler arms the next one.  The signal's value is the freezer. */
void freezer_arm_tick(const struct freezer *f);
void freezer_on_tick(int sig, siginfo_t *info, void *context);
struct frozen_task *freezer_add_task(struct freezer *f, pid_t pid);
void freezer_drop_thread(struct freezer *f, struct frozen_thread *th);
/* Asks a running thread to stop. */
void freezer_interrupt(struct frozen_thread *th);
/* Takes what the kernel has to say about @th, without waiting.  True if its state changed. */
bool freezer_poll(struct freezer *f, struct frozen_thread *th);
/* Waits until no thread is pending. */
MUST_USE struct err *freezer_wait(struct freezer *f);
/* Puts a thread that was thought stopped back among the pending ones. */
void freezer_pend(struct freezer *f, struct frozen_thread *th);

/* freeze_tree.c */
/* Refuses what is no task, has ended, belongs to the kernel, or runs us. */
MUST_USE struct err *freezer_check_root(pid_t pid);
/* Fills d->tree when all stand. */
MUST_USE struct err *freezer_make_tree(struct dump *d, struct freezer *f);

/* freeze_stuck.c */
MUST_USE struct err *freezer_leader_ended(pid_t pid);
/* A leader that ended before its other threads: patience for a moment, then the failure. */
MUST_USE struct err *freezer_check_ending(struct frozen_task *t);
/*
 * Looks at the pending threads and helps those that cannot stop by themselves; @ask: repeats the
 * request.
 */
MUST_USE struct err *freezer_unstick(struct freezer *f, bool ask);
/* The failure for the first pending thread: who, and where it sleeps. */
MUST_USE struct err *freezer_stuck_error(struct freezer *f);
/* The failure when time is over and nobody in particular is stuck. */
MUST_USE struct err *freezer_too_late(const struct freezer *f);
/* Why a thread cannot be attached, when PTRACE_SEIZE said @errnum; NULL: it is a zombie. */
MUST_USE struct err *freezer_seize_error(pid_t pid, pid_t tid, int errnum);

/* thaw.c */
/* Detaches everything, for as long as that can be done; the end of every freeze. */
void freezer_release(struct freezer *f);

#endif
