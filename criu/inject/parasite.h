/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INJECT_PARASITE_H
#define INJECT_PARASITE_H

/*
 * The parasite as the tool sees it: loaded once into a task, called in any of its stopped threads, taken out
 * again.  Its ABI and what happens when the tool dies: pie/abi/parasite.h.
 */

#include "base/err.h"
#include "inject/remote.h"
#include "pie/abi/parasite.h"

struct proc_maps;
struct proc_status;

struct parasite {
	pid_t pid;
	int mem_fd;    /* /proc/PID/mem, lent */
	uint64_t area; /* 0: not loaded */
	enum parasite_sync sync;
	int sync_signal;
};

/*
 * @leader is open.  @status: the leader's, tells which signal the program ignores.  ERR_REMOTE when the task may
 * not map memory.
 */
MUST_USE struct err *parasite_load(struct parasite *p, struct remote *leader,
				   const struct proc_status *status);
/*
 * Runs one command in the thread behind @r (open, of the same task) and reads the answer into @args; @args->u is
 * also what the command is given.
 */
MUST_USE struct err *parasite_call(struct parasite *p, struct remote *r, enum parasite_cmd cmd,
				   struct parasite_args *args);
/* Unmaps the area; @leader is open.  Harmless when nothing is loaded. */
MUST_USE struct err *parasite_unload(struct parasite *p, struct remote *leader);

/*
 * Where a killed tool left an area in this task, or 0.
 */
uint64_t parasite_find_leftover(int mem_fd, const struct proc_maps *maps);

#endif
