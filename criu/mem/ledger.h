/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_LEDGER_H
#define MEM_LEDGER_H

/*
 * What is being tracked between two dumps: one text file of the run directory for each pid namespace, one line for each
 * task.  It tells the next dump whose marks it finds.  A line is replaced before the marks of its task are cleared, so
 * a dump that does not get to its end makes the next one full, never wrong.
 *
 *	pid start-time tracker mark mm tripwire keeper keeper-start uffd
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

enum { MARK_LEN = 16 };

struct ledger_line {
	pid_t pid;	     /* in our own pid namespace */
	uint64_t start_time; /* clock ticks, field 22 of /proc/PID/stat: tells a reused pid */
	char tracker[16];
	uint8_t mark[MARK_LEN]; /* random, drawn for each dump; also in the manifest of its set */
	uint64_t mm_id;		/* tells one execve from another (track_mm_id) */
	uint64_t tripwire;	/* address of a word we wrote after the marks were cleared */
	/* uffd-wp: the process that holds the descriptor, and its number there. */
	pid_t keeper;
	uint64_t keeper_start;
	int keeper_fd;
};

struct ledger {
	struct ledger_line *lines;
	size_t nr;
};

/* All lines, those of tasks that have ended too; no file gives none. */
MUST_USE struct err *ledger_read(struct arena *a, struct ledger *out);
/* Puts in the lines of @own in place of those of the same pids; lines of tasks that ended go away. */
MUST_USE struct err *ledger_update(struct arena *a, const struct ledger *own);
/* Removes the lines of these pids. */
MUST_USE struct err *ledger_remove(struct arena *a, const pid_t *pids, size_t nr);
/* Is the task of this line there, and the same one?  A pid that is used anew is another task. */
bool ledger_task_runs(const struct ledger_line *l);
/* NULL if there is none. */
const struct ledger_line *ledger_find(const struct ledger *l, pid_t pid);

#endif
