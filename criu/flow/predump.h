/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_PREDUMP_H
#define FLOW_PREDUMP_H

/* One pre-dump, and many of them until the last dump is predicted to be short enough. */

#include "base/err.h"
#include "base/options.h"

struct predump_result {
	uint64_t nr_written; /* pages */
	uint64_t frozen_us;
	uint64_t running_us;   /* since the tree runs again */
	uint64_t predicted_us; /* frozen time of a dump that would kill the tree now */
};

/* Into @opts->images_dir, statistics into the open directory @stats_dir (or AT_FDCWD); @what for the progress. */
MUST_USE struct err *predump_once(const struct options *opts, int stats_dir, const char *what,
				  struct predump_result *out);
/* Into directories 1, 2 and so on of @opts->images_dir; says why it ended. */
MUST_USE struct err *predump_until(const struct options *opts);

#endif
