/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_TRACKER_H
#define MEM_TRACKER_H

/*
 * Which pages changed since the parent set was written.  What holds whatever the tracker:
 *
 *  1. An unchanged page may be called changed; a changed page is never called unchanged.
 *  2. A page that is not there now is in no run: from the parent it would bring back what the task has dropped.
 *  3. Marks belong to one dump.  Its random mark is in the manifest of its set and in the ledger; where the two do not
 *     meet, the task is dumped whole, and the log says why.
 *  4. Scan and restart happen in one freeze.
 *
 * soft-dirty: bit 55 of the page map, cleared through /proc/PID/clear_refs.
 * uffd-wp: write protection by userfaultfd, read and put back by PAGEMAP_SCAN in one walk (mem/uffd.h); the descriptor
 * waits in a keeper between dumps (mem/keeper.h).
 *
 * All of it runs in the coordinator.
 */

#include "inject/remote.h"
#include "mem/page_scan.h"
#include "task/task.h"

struct proc_vma;

struct iteration_facts {
	const char *tracker;	    /* that works from here on; "none" */
	const char *parent_tracker; /* that told what changed since the parent; NULL: there is none */
	const char *
		full_because; /* of the first task that was dumped whole although there is a parent; or NULL */
	size_t nr_full;
};

/*
 * Before the freeze, images open: chooses the tracker and reads the ledger.  @arms: marks are to be cleared, so that
 * this set can be a parent.
 */
MUST_USE struct err *mem_track_open(struct dump *d, bool arms);
/* Tree stopped, probe read: is what is known of this task still true?  Fills t->mm->track. */
MUST_USE struct err *mem_track_look(struct dump *d, struct task *t);
/* Does it watch this area on our behalf?  (The program's own userfaultfd does not come back after a restore.) */
bool mem_track_owns(const struct task *t, const struct proc_vma *v);
/* Whether something has to be made inside the task first; then mem_track_inject is to be called with it open. */
bool mem_track_wants_inject(const struct dump *d, const struct task *t);
MUST_USE struct err *mem_track_inject(struct dump *d, struct task *t, struct remote *leader);

/* All tasks looked at: the old marks stop being valid. */
MUST_USE struct err *mem_track_begin(struct dump *d);
/* How the pages of @t are to be scanned; t->mm->rec->vmas is there. */
MUST_USE struct err *mem_track_how(struct dump *d, struct task *t, struct page_scan_how *out);
/* The same for looking once more, after the marks were made anew: nothing is changed by it, so the tree may run. */
void mem_track_how_again(struct dump *d, struct task *t, struct page_scan_how *out);
/*
 * One of the ranges that the scan gave, in order.  May it be left to the parent if the parent has it?  Cuts the range
 * where the answer changes: the rest is to be asked for again.
 */
MUST_USE struct err *mem_track_range(struct dump *d, struct task *t, struct page_range *range,
				     bool *is_clean_out);
/* Behind the scan of @t: clears the marks where the scan did not; then writes what the next dump must know. */
MUST_USE struct err *mem_track_restart(struct dump *d, struct task *t);

/*
 * The tree runs again, or stands for others: a keeper takes over what this tool would close at its end.  Without one
 * the next dump is whole, which the log says.
 */
void mem_track_keep(struct dump *d);
/* The tree is no more, and the ledger need not know of it. */
void mem_track_forget(struct dump *d);

/* The parent's pages of @t, or NULL when it has none that count. */
struct page_source *mem_track_parent(const struct task *t);
void mem_track_facts(const struct dump *d, struct iteration_facts *out);
/* Tells the log once what was dumped whole and why; frees everything.  Harmless twice. */
void mem_track_close(struct dump *d);

/* For `criu-lite track`: prints what is tracked, or ends it for the tree below @root (0: all). */
MUST_USE struct err *mem_track_status(struct arena *a);
MUST_USE struct err *mem_track_stop(struct arena *a, pid_t root);

#endif
