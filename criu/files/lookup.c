// SPDX-License-Identifier: GPL-2.0-only
#include "files/lookup.h"

#include <string.h>

static struct lookup_node *same_hash(struct lookup_node *n, uint64_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct lookup_node *lookup_first(const struct lookup *l, uint64_t hash)
{
	if (!l->nr_buckets)
		return NULL;
	return same_hash(l->buckets[hash & (l->nr_buckets - 1)], hash);
}

struct lookup_node *lookup_next(const struct lookup_node *n)
{
	return same_hash(n->next, n->hash);
}

static void grow(struct lookup *l)
{
	size_t nr = l->nr_buckets ? l->nr_buckets * 2 : 64;
	struct lookup_node **buckets = arena_array(l->arena, nr, sizeof(*buckets));

	for (size_t i = 0; i < l->nr_buckets; i++) {
		struct lookup_node *n = l->buckets[i];

		while (n) {
			struct lookup_node *next = n->next;
			struct lookup_node **head = &buckets[n->hash & (nr - 1)];

			n->next = *head;
			*head = n;
			n = next;
		}
	}
	l->buckets = buckets;
	l->nr_buckets = nr;
}

void lookup_add(struct lookup *l, struct lookup_node *n, uint64_t hash)
{
	struct lookup_node **head;

	if (l->nr >= l->nr_buckets)
		grow(l);
	head = &l->buckets[hash & (l->nr_buckets - 1)];
	n->hash = hash;
	n->next = *head;
	*head = n;
	l->nr++;
}

uint64_t lookup_hash_u64(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ (hash >> 29);
}

uint64_t lookup_hash_text(uint64_t hash, const char *text)
{
	size_t len = strlen(text);

	for (; len >= 8; len -= 8, text += 8) {
		uint64_t word;

		memcpy(&word, text, 8);
		hash = lookup_hash_u64(hash, word);
	}
	for (; len; len--, text++)
		hash = lookup_hash_u64(hash, (unsigned char)*text);
	return hash;
}
