/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

/*
 * What the fuzzers share.  A fuzzer is one .c file with LLVMFuzzerTestOneInput(), and perhaps a mutator of its own; it
 * is linked with libFuzzer, or with replay.c to try given files alone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned int seed);
/* libFuzzer's own; in a replay it changes nothing. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* What must hold whatever the input is. */
#define MUST(cond)                                              \
	do {                                                    \
		if (!(cond))                                    \
			fuzz_broken(#cond, __FILE__, __LINE__); \
	} while (0)

/* What must succeed; else the message is shown. */
#define MUST_OK(expr)                                                        \
	do {                                                                 \
		struct err *must_e_ = (expr);                                \
		if (must_e_)                                                 \
			fuzz_unexpected(must_e_, #expr, __FILE__, __LINE__); \
	} while (0)

_Noreturn void fuzz_unexpected(struct err *e, const char *what, const char *file, int line);
_Noreturn void fuzz_broken(const char *what, const char *file, int line);

/* --- reading an input --- */

/* Bytes not read yet; behind the end everything reads as zeros. */
struct input {
	const uint8_t *at, *end;
};

static inline size_t input_left(const struct input *in)
{
	return (size_t)(in->end - in->at);
}

/* A little-endian number of @bytes bytes. */
uint64_t input_int(struct input *in, size_t bytes);
/* At most @len bytes; fewer where the input ends. */
struct input input_take(struct input *in, size_t len);

/* --- dice of a mutator --- */

static inline uint32_t dice(uint64_t *state, uint32_t sides)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*state >> 33) % sides;
}

/* --- around the tool --- */

/* Standard output and the log go nowhere; with $FUZZ_VERBOSE failures are shown.  For LLVMFuzzerInitialize(). */
void fuzz_quiet(void);
/* An empty directory in memory, the same one each time; it is removed at the end. */
const char *fuzz_dir(void);
/* Makes @name in @dirfd with these bytes, and @nr_zeros more behind them. */
void fuzz_put(int dirfd, const char *name, const void *bytes, size_t len, uint64_t nr_zeros);
/* Removes all files of a directory. */
void fuzz_clear(int dirfd);
/*
 * Drops a failure.  An input alone must not make an internal check fail, and every message must be complete and survive
 * its way between processes.
 */
void fuzz_drop(struct err *own_e);

#endif
