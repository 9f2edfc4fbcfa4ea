/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a page holds.  Each word of a page is made from a tag (which process wrote it, in which of its steps, which page
 * of that step) so that one word tells which version of the page it belongs to.
 */
#include "torture.h"

#include <stdio.h>
#include <string.h>

#define MUL_TAG 0x9e3779b97f4a7c15ULL
#define MUL_WORD 0xc2b2ae3d27d4eb4fULL
#define MUL_STAMP 0xd6e8feb86659fd93ULL

enum {
	SERIAL_SHIFT = 56,
	STEP_SHIFT = 28,
	FIELD_MASK = (1 << 28) - 1,
	SERIAL_LIKELY = 200,
	NUMBER_LIKELY = 1 << 20
};

uint64_t mix64(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

struct rng rng_make(uint64_t a, uint64_t b, uint64_t c)
{
	return (struct rng){ mix64(a + MUL_TAG * mix64(b + MUL_WORD * mix64(c + 1))) };
}

uint64_t rng_next(struct rng *r)
{
	r->state += MUL_TAG;
	return mix64(r->state);
}

uint32_t rng_below(struct rng *r, uint32_t limit)
{
	return (uint32_t)((rng_next(r) >> 32) * limit >> 32);
}

bool rng_chance(struct rng *r, uint32_t percent)
{
	return rng_below(r, 100) < percent;
}

uint64_t tag_make(uint32_t serial, uint32_t step, uint32_t number)
{
	return (uint64_t)serial << SERIAL_SHIFT | (uint64_t)(step & FIELD_MASK) << STEP_SHIFT |
	       (number & FIELD_MASK);
}

static uint64_t word_of(uint64_t body, uint32_t number)
{
	return body ? body * MUL_TAG + (number + 1) * MUL_WORD : 0;
}

void page_fill(void *page, uint64_t body)
{
	uint64_t *words = page;
	uint64_t first = body * MUL_TAG;

	if (!body) {
		memset(page, 0, PAGE);
		return;
	}
	for (uint32_t i = 0; i < PAGE_WORDS; i++)
		words[i] = first + (i + 1) * MUL_WORD;
}

uint32_t stamp_word(uint64_t body)
{
	return (uint32_t)(mix64(body) % PAGE_WORDS);
}

uint64_t stamp_value(uint64_t stamp)
{
	return ~(stamp * MUL_STAMP);
}

static bool is_zero(const uint64_t *words)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < PAGE_WORDS; i++)
		all |= words[i];
	return !all;
}

static bool is_pure(const uint64_t *words, uint64_t body)
{
	uint64_t first = body * MUL_TAG, all = 0;

	for (uint32_t i = 0; i < PAGE_WORDS; i++)
		all |= words[i] ^ (first + (i + 1) * MUL_WORD);
	return !all;
}

/* @place is where the stamp is, which @body need not tell: it may be the zero page of a dropped one. */
static bool is_stamped(const uint64_t *words, uint64_t body, uint64_t stamp, uint32_t place,
		       uint32_t tail)
{
	for (uint32_t i = 0; i < PAGE_WORDS; i++) {
		uint64_t want = tail && i * 8 >= tail ? 0 : word_of(body, i);

		if (stamp && i == place)
			want = stamp_value(stamp);
		if (words[i] != want)
			return false;
	}
	return true;
}

bool page_matches(const void *page, const struct content *c)
{
	const uint64_t *words = page;
	uint32_t place = stamp_word(c->body);

	if (!c->stamp && !c->tail) {
		if (c->body ? is_pure(words, c->body) : is_zero(words))
			return true;
	} else if (is_stamped(words, c->body, c->stamp, place, c->tail)) {
		return true;
	}
	if (c->may_be_zero && is_zero(words))
		return true;
	return c->body_may_be_zero && is_stamped(words, 0, c->stamp, place, 0);
}

/* --- for people --- */

/* The inverse of an odd number, by Newton. */
static uint64_t inverse(uint64_t x)
{
	uint64_t y = x;

	for (int i = 0; i < 6; i++)
		y *= 2 - x * y;
	return y;
}

uint64_t word_tag(uint64_t word, uint32_t number)
{
	return (word - (number + 1) * MUL_WORD) * inverse(MUL_TAG);
}

bool tag_is_likely(uint64_t tag)
{
	uint32_t serial = (uint32_t)(tag >> SERIAL_SHIFT);

	return serial && serial < SERIAL_LIKELY && (tag & FIELD_MASK) < NUMBER_LIKELY;
}

void tag_describe(uint64_t tag, char *text, size_t len)
{
	uint32_t serial = (uint32_t)(tag >> SERIAL_SHIFT);
	uint32_t step = (uint32_t)(tag >> STEP_SHIFT) & FIELD_MASK;

	if (!tag)
		snprintf(text, len, "zeros");
	else if (!tag_is_likely(tag))
		snprintf(text, len, "unknown bytes");
	else
		snprintf(text, len, "process %u step %u page %u", serial, step,
			 (uint32_t)tag & FIELD_MASK);
}

void page_describe(const void *page, char *text, size_t len)
{
	const uint64_t *words = page;
	uint64_t tag = 0;
	uint32_t nr = 0;
	char name[80];

	for (uint32_t i = 0; i < PAGE_WORDS && !tag_is_likely(tag); i++)
		tag = words[i] ? word_tag(words[i], i) : 0;
	if (!tag_is_likely(tag))
		tag = 0;
	for (uint32_t i = 0; i < PAGE_WORDS; i++)
		nr += words[i] == word_of(tag, i);
	tag_describe(tag, name, sizeof(name));
	if (nr == PAGE_WORDS)
		snprintf(text, len, "%s", name);
	else if (nr < 8)
		snprintf(text, len, "unknown bytes %#lx %#lx", words[0], words[1]);
	else
		snprintf(text, len, "%s in %u of %u words", name, nr, PAGE_WORDS);
}

void content_describe(const struct content *c, char *text, size_t len)
{
	char body[80], stamp[80];

	tag_describe(c->body, body, sizeof(body));
	tag_describe(c->stamp, stamp, sizeof(stamp));
	snprintf(text, len, "%s%s%s%s%s", body, c->stamp ? ", stamped by " : "",
		 c->stamp ? stamp : "", c->tail ? ", with a zero tail" : "",
		 c->may_be_zero ? ", or zeros" : "");
}
