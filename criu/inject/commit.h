/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INJECT_COMMIT_H
#define INJECT_COMMIT_H

/*
 * The end of a restore: threads that wait in the restorer are stopped by ptrace, the restorer's
 * area is unmapped by its own last instruction, and each thread gets the registers, extended state
 * and signal mask of the images. No instruction of the program runs before commit_detach.
 *
 * All calls are the coordinator's, which is the tracer.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arch/arch.h"
#include "base/err.h"

struct commit_thread {
	pid_t tid;
	const void *ref; /* for commit_context */
};

struct commit_task {
	pid_t pid;
	struct commit_thread *threads; /* leader first */
	size_t nr_threads;
	uint64_t area_start, area_len;
	uint64_t syscall_ip; /* a syscall instruction inside the area */
	bool has_seccomp;
};

/*
 * Attaches to a worker right after its birth.  From here on it dies with the tracer.  @has_seccomp:
 * filters will be installed and must not act before the end (needs CAP_SYS_ADMIN).
 */
MUST_USE struct err *commit_seize(pid_t tid, bool has_seccomp);
/* Attaches to all threads but the leader. */
MUST_USE struct err *commit_seize_threads(const struct commit_task *t);
/* Stops all threads: first asks all of @tasks, then waits for each. */
MUST_USE struct err *commit_stop(const struct commit_task *tasks, size_t nr);
/* Stopped: the leader unmaps the area. */
MUST_USE struct err *commit_unmap(const struct commit_task *t);

/* Writes the final context of a thread (commit_thread.ref). */
struct commit_context {
	void *arg;
	MUST_USE struct err *(*get)(void *arg, const struct commit_thread *th,
				    struct arch_context *out);
};
MUST_USE struct err *commit_set(const struct commit_task *t, const struct commit_context *context);
/*
 * The task no longer dies with the tracer; from here on the tracer's death lets it go on as
 * commit_detach does.  The calls for all tasks come first and close together: a tracer killed
 * between two of them leaves half a tree.
 * @stop_signal: 0, or SIGSTOP for a process that is to be left stopped.
 */
MUST_USE struct err *commit_release(const struct commit_task *t, int stop_signal);
/* Lets all threads run. */
MUST_USE struct err *commit_detach(const struct commit_task *t);

#endif
