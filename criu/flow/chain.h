/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_CHAIN_H
#define FLOW_CHAIN_H

/* criu-lite chain: the iterations of a chain, told to a person as a table or as a page with pictures. */

#include "base/arena.h"
#include "base/options.h"
#include "image/census.h"

/* A number that may be unknown: sets of CRIU do not say everything. */
struct maybe {
	bool is_known;
	uint64_t value;
};

struct chain_set {
	struct image_dir *dir; /* lent */
	const char *name;      /* of its directory, seen from the chain's */
	bool is_pre_dump;
	const char *tracker;	  /* NULL: unknown */
	const char *full_because; /* NULL: it made use of its parent, or had none */
	uint64_t taken_us;	  /* since 1970; 0: unknown */
	uint64_t nr_tasks;
	uint64_t written; /* pages, those of zeros too */
	struct maybe zero;
	uint64_t parent;
	uint64_t removed;
	uint64_t disk_bytes;
	struct maybe frozen_us, predicted_us;
};

struct chain {
	struct arena *arena;
	const char *base;	/* the directory that all names start in */
	struct chain_set *sets; /* oldest first */
	size_t nr;
};

/* Opens nothing; reads the sets of @newest, lent, and of its parents. */
MUST_USE struct err *chain_read(struct chain *c, struct image_dir *newest);
/* The moment as people write it; @text has room for 32 bytes. */
void chain_time_text(uint64_t taken_us, char *text);

/* --- chain_page.c --- */

MUST_USE struct err *chain_page_write(struct chain *c, const char *path);

#endif
