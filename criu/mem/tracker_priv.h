/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_TRACKER_PRIV_H
#define MEM_TRACKER_PRIV_H

/*
 * The parts of the trackers:
 *
 *	tracker.c	which one, and what a dump knows of each task
 *	track_task.c	is a task's old mark still true?
 *	track_marks.c	making new marks
 *	track_frames.c	soft-dirty on kernels that move page tables as a whole
 */

#include "mem/ledger.h"
#include "mem/mm.h"
#include "mem/tracker.h"
#include "image/pages.h"

struct track_entries;

struct tracking {
	bool soft_dirty,
		uffd_wp; /* which one works; both for a comparison; neither: every page is changed */
	bool arms;	 /* marks are cleared, the set can be a parent */
	bool checks_frames; /* soft-dirty: this kernel moves page tables without marks */

	struct image_dir *parent; /* or NULL */
	bool parent_is_foreign;	  /* without a manifest: written by CRIU */
	bool parent_has_mark;
	uint8_t parent_mark[MARK_LEN];
	uint64_t parent_uptime; /* ticks since boot when a foreign parent was taken; 0: unknown */

	uint8_t mark[MARK_LEN]; /* of this dump */
	struct ledger old, own;

	bool has_new_uffd;   /* so there will be another keeper */
	bool has_left_uffd;  /* the keepers of another tracker have ended */
	bool started_keeper; /* to be ended by the undo */
	pid_t keeper;	     /* that holds what own lines say */
	uint64_t keeper_start;

	const char *full_because; /* first of them */
	pid_t full_pid;
	size_t nr_full;
};

/* What is known of one task. */
struct task_track {
	const struct ledger_line *line; /* of the last dump, of this very address space; or NULL */
	const struct ledger_line *kept; /* the same, perhaps before an execve: names the keeper */
	uint64_t mm_id;
	uint64_t tripwire; /* address of a word that only we write; 0: none was found */
	struct page_source
		*parent; /* what may be left to the parent; NULL: the task is dumped whole */

	int uffd; /* -1: none */
	bool uffd_is_new;
	bool cannot_uffd; /* tried and refused: it stays untracked */
	struct addr_range *watched;
	size_t nr_watched;

	/* Frames (track_frames.c): what the parent noted, and what is noted now. */
	struct frames *frames;
};

/* Notes that @t is dumped whole although there is a parent. */
void track_full(struct dump *d, const struct task *t, const char *because);

/* --- track_task.c --- */

/* Names the address space: another after each execve.  Reads memory of the task at AT_RANDOM. */
MUST_USE struct err *track_mm_id(const struct task_probe *p, uint64_t *id_out);

/* --- track_frames.c --- */

struct frames;

/* Lent images; @images NULL or without the image: nothing was noted. */
MUST_USE struct err *frames_open(struct dump *d, const struct task *t, struct image_dir *images,
				 struct frames **out);
void frames_close(struct frames *f);
/* Are clean pages of this range where they were?  Cuts it at the next 2 MiB.  @f may be NULL: no. */
MUST_USE struct err *frames_check(struct frames *f, struct page_range *range, bool *is_same_out);
/* A range with private pages, in order: some are noted. */
MUST_USE struct err *frames_note(struct dump *d, struct frames *f, const struct page_range *range);
MUST_USE struct err *frames_write(struct dump *d, const struct task *t, struct frames *f);

#endif
