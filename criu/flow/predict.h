/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_PREDICT_H
#define FLOW_PREDICT_H

/*
 * How long would a dump stop the tree that was made right behind a pre-dump, and that kills the tree?  The frozen time
 * of the statistics, which begins when the last thread stands.
 *
 * What there is to be done is counted and what depends on the machine is measured during the pre-dump: asking for the
 * areas, scanning, copying.  For the rest there are prices, found once on one machine; how fast this one is, and how
 * much of it is to be had, is what asking for the areas took here compared with there.
 */

#include <stdint.h>

#include "mem/predump.h"

struct predict_input {
	uint64_t nr_tasks, nr_threads, nr_fds;
	struct predump_after memory;
	uint64_t since_marks_us; /* how long it took until @memory.nr_pending were written */
	uint64_t lead_us;	 /* from the start of a dump until all stand */
};

uint64_t predict_frozen_us(const struct predict_input *in);

#endif
