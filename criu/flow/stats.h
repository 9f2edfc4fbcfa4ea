/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_STATS_H
#define FLOW_STATS_H

/*
 * stats-dump and stats-restore: service images with one stats_entry, written into the work directory after
 * success only.  The files are made anew by rename, so that a reader never sees half of one.
 */

#include <stdio.h>

#include "base/err.h"
#include "base/options.h"
#include "base/stats.h"

/* Writes the file into @dirfd (AT_FDCWD: the work directory); with opts->display_stats prints the lines as well. */
MUST_USE struct err *dump_stats_save(const struct options *opts, int dirfd,
				     const struct dump_stats *stats);
MUST_USE struct err *restore_stats_save(const struct options *opts,
					const struct restore_stats *stats);

/* One "Name: value" line for each field. */
void dump_stats_print(const struct dump_stats *stats, FILE *to);
void restore_stats_print(const struct restore_stats *stats, FILE *to);

#endif
