/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_STATS_H
#define BASE_STATS_H

/*
 * What an operation counts.  Every room adds to it; flow/stats.c writes it in CRIU's format.  Times are
 * microseconds and fit 32 bits in the image (a longer one is written as the largest).
 */

#include <stdint.h>

struct dump_stats {
	uint64_t freezing_us; /* stopping the tree */
	uint64_t frozen_us;   /* the tree stood still */
	uint64_t memdump_us;  /* finding and collecting pages */
	uint64_t memwrite_us; /* writing pages */

	/* Pages of private areas: looked at = left to the parent + written + held back + absent. */
	uint64_t pages_scanned;
	uint64_t pages_skipped_parent;
	uint64_t pages_written;
	uint64_t pages_lazy;
	uint64_t pages_zero; /* of those written, shared ones too: all zero bytes, a hole in the file */
	/* The same for shared memory. */
	uint64_t shpages_scanned;
	uint64_t shpages_skipped_parent;
	uint64_t shpages_written;
};

struct restore_stats {
	uint64_t pages_compared;    /* with a copy inherited by fork */
	uint64_t pages_skipped_cow; /* left shared with the parent task */
	uint64_t pages_restored;    /* filled */
	uint64_t forking_us;	    /* creating tasks */
	uint64_t restore_us;	    /* the whole */
};

#endif
