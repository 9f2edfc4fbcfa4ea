// SPDX-License-Identifier: GPL-2.0-only
#include "flow/predict.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/log.h"

/*
 * Nanoseconds on a virtual machine with 2 CPUs and Linux 6.18: minima, at real-time priority, with other work beside.
 * Predictions made with them were 0.5 to 0.9 of what the dump then took.
 */
enum {
	/* Asking for areas: what the speed of a machine is measured by. */
	LOOK_FIXED = 150000,
	LOOK_TASK = 30000,
	LOOK_VMA = 4000,
	LOOK_PAGE = 75,
	/* All else that a dump does, besides scanning and copying. */
	FIXED = 500000,
	TASK = 2430000,
	THREAD = 300000,
	VMA = 3700,
	FD = 31000,
	/* Planning a stretch of written pages, and what lies in front of it. */
	RUN = 1500,
	/* From the end of one tool to the begin of the next. */
	START = 4000000,
	/* Copying where this pre-dump copied too little to tell. */
	COPY_PAGE = 900,
};

enum { TELLING_PAGES = 64 }; /* so many copied pages tell what one costs */

/* How many times slower than the machine of the prices this one is. */
static double slowness(const struct predict_input *in)
{
	const struct predump_after *m = &in->memory;
	double there = LOOK_FIXED + (double)in->nr_tasks * LOOK_TASK +
		       (double)m->nr_vmas * LOOK_VMA + (double)m->nr_present * LOOK_PAGE;

	return MIN(MAX((double)m->look_us * 1000 / there, 0.2), 100.0);
}

/* More is written until the dump has begun, at the rate of before; but that rate falls, for pages are written again. */
static double pending(const struct predict_input *in, double slow)
{
	double pages = (double)in->memory.nr_pending;
	double lead_us = (double)in->lead_us + START * slow / 1000;
	double more = in->since_marks_us ? lead_us / (double)in->since_marks_us : 0;

	return MIN(pages + pages * MIN(more, 1.0), (double)in->memory.nr_present);
}

static double copy_page_ns(const struct predict_input *in, double slow)
{
	const struct predump_after *m = &in->memory;

	if (m->nr_copied < TELLING_PAGES)
		return COPY_PAGE * slow;
	return (double)m->copy_us * 1000 / (double)m->nr_copied;
}

uint64_t predict_frozen_us(const struct predict_input *in)
{
	const struct predump_after *m = &in->memory;
	double slow = slowness(in);
	double pages = pending(in, slow) + (double)m->nr_shared;
	double priced = FIXED + (double)in->nr_tasks * TASK + (double)in->nr_threads * THREAD +
			(double)m->nr_vmas * VMA + (double)in->nr_fds * FD +
			(double)m->nr_runs * RUN;

	log_debug("flow", 0,
		  "predicting: tasks=%" PRIu64 " threads=%" PRIu64 " vmas=%" PRIu64 " fds=%" PRIu64
		  " present=%" PRIu64 " pending=%" PRIu64 "+%.0f shared=%" PRIu64
		  " look-us=%" PRIu64 " scan-us=%" PRIu64 " page-ns=%.0f slow=%.2f",
		  in->nr_tasks, in->nr_threads, m->nr_vmas, in->nr_fds, m->nr_present,
		  m->nr_pending, pending(in, slow) - (double)m->nr_pending, m->nr_shared,
		  m->look_us, m->scan_us, copy_page_ns(in, slow), slow);
	return (uint64_t)((double)m->look_us + (double)m->scan_us +
			  pages * copy_page_ns(in, slow) / 1000 + priced * slow / 1000);
}
