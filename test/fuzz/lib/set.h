/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TEST_FUZZ_SET_H
#define TEST_FUZZ_SET_H

/*
 * A set of images as one input: files one after another, without what the framing says anyway.
 *
 *	u8 kind (enum image_kind, modulo)   u8 how   u32 id   u16 length   bytes
 *
 * SET_RAW: the bytes are the whole file.  Else the magics are put in front of them, and a pages file is sparse: u16
 * number of pages, u16 where the running vDSO is put with SET_VDSO, then what the file begins with.
 */

#include "fuzz/lib/fuzz.h"
#include "image/records.h"

enum { SET_RAW = 1, SET_VDSO = 2, SET_HEAD = 8, SET_MAX_FILES = 64 };

struct set_file {
	enum image_kind kind;
	uint8_t how;
	uint32_t id;
	struct input body;
};

/* The next file of the input; false at its end. */
bool set_next(struct input *in, struct set_file *out);
/* Makes the file in @dirfd. */
void set_put(int dirfd, const struct set_file *file);

/* Changes one thing of the input, mostly one field of one message.  For LLVMFuzzerCustomMutator(). */
size_t set_mutate(uint8_t *data, size_t size, size_t max_size, size_t head, unsigned int seed);
/* Puts files of both together. */
size_t set_cross(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out,
		 size_t max_size, size_t head, unsigned int seed);

#endif
