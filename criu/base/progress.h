/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

/*
 * How far something is that takes longer than a second, for a person who waits for it: on a terminal one line that is
 * rewritten and erased at the end, in the log an info line every few seconds.
 *
 *	struct progress p;
 *
 *	progress_begin(&p, "squash", nr_pages);
 *	... progress_add(&p, nr) after each chunk of some hundred KiB ...
 *	progress_end(&p);
 *
 * There is no thread: the one that began draws while it adds, so adding costs an atomic add and a look at the clock.
 * Nothing is drawn where the terminal would make us wait, for a tree may stand still meanwhile.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *what; /* lent: "dump" */
	uint64_t total;	  /* pages; 0: nobody knows */
	uint64_t own_done;
	uint64_t *done; /* own_done, or one in memory that processes share */
	uint64_t start_us;
	uint64_t draw_at_us, log_at_us; /* the next time; UINT64_MAX: never */
	pthread_t owner;
	bool is_drawn; /* something stands on the terminal */
};

/* All of them accept NULL, and do nothing then. */
void progress_begin(struct progress *p, const char *what, uint64_t total_pages);
/* @pages more (or, negative, fewer) will come than was said. */
void progress_expect(struct progress *p, int64_t pages);
/* From here on pages are counted in @shared, which other processes add to as well. */
void progress_share(struct progress *p, uint64_t *shared);
/* A forked process: only counts. */
void progress_mute(struct progress *p);
/* Any thread or process. */
void progress_add(struct progress *p, uint64_t nr_pages);
/* The one that began, when it only waits for others who add. */
void progress_show(struct progress *p);
/* Erases the line; harmless twice. */
void progress_end(struct progress *p);

/* What the line says after @elapsed_us with @done pages. */
void progress_text(const struct progress *p, uint64_t done, uint64_t elapsed_us, char *buf,
		   size_t len);

#endif
