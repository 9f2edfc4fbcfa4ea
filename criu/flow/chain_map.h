/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_CHAIN_MAP_H
#define FLOW_CHAIN_MAP_H

/*
 * Address spaces as a person can look at them: each is divided into few ranges, each range into few cells of equal
 * size, and for each set of the chain a cell counts what became of its pages.
 */

#include "flow/chain.h"

struct map_cell {
	uint64_t pages[FATE_NR];
};

struct map_range {
	uint64_t start, end;
	const char *label; /* "heap", the name of a file; "" when nothing is known */
	uint32_t nr_cells;
	struct map_cell *cells; /* nr_cells of the first set shown, then of the next */
	bool has_pages;		/* in a set that is shown */
};

/* The memory of a process, or an object that processes share. */
struct map_space {
	enum image_kind kind;
	uint64_t id;
	const char *comm; /* of a process; NULL: unknown */
	struct map_range *ranges;
	size_t nr, room;
	uint64_t written; /* pages of all sets, to put the busiest first */
};

struct map_limits {
	size_t first_set;   /* sets before are not shown */
	uint32_t cells_max; /* of one range */
	size_t ranges_max;  /* of one space */
};

/* All spaces of the chain, the busiest first; ranges are not filled in. */
MUST_USE struct err *map_spaces(struct chain *c, struct map_space **out, size_t *nr_out);
/* Finds the ranges of a space and counts their cells. */
MUST_USE struct err *map_fill(struct chain *c, struct map_space *space,
			      const struct map_limits *limits);

static inline uint64_t range_pages(const struct map_range *r)
{
	return (r->end - r->start) / IMAGE_PAGE_SIZE;
}

#endif
