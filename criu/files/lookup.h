/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_LOOKUP_H
#define FILES_LOOKUP_H

/*
 * A growing hash table of nodes that the caller embeds and compares; memory comes from an arena.
 *
 *	for (n = lookup_first(l, hash); n; n = lookup_next(n)) ...compare...
 *	lookup_add(l, &mine->node, hash);
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct lookup_node {
	struct lookup_node *next;
	uint64_t hash;
};

/* Zero it and set @arena. */
struct lookup {
	struct arena *arena;
	struct lookup_node **buckets;
	size_t nr_buckets; /* a power of two */
	size_t nr;
};

/* Nodes with exactly this hash; equal hashes do not mean equal keys. */
struct lookup_node *lookup_first(const struct lookup *l, uint64_t hash);
struct lookup_node *lookup_next(const struct lookup_node *n);
void lookup_add(struct lookup *l, struct lookup_node *n, uint64_t hash);

/* Mixes another word into a hash; start with 0. */
uint64_t lookup_hash_u64(uint64_t hash, uint64_t word);
uint64_t lookup_hash_text(uint64_t hash, const char *text);

#endif
