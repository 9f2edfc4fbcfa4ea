/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/*
 * Memory that lives as long as one dump or restore: taken piece by piece, freed all at once.
 * Running out returns the process to the kernel: allocation never returns NULL but ends the tool's
 * operation through abort() of the allocating process (Linux overcommits; there is nothing to unwind with).
 */

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#include "base/cleanup.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);

/* Zeroed, aligned for any type that does not ask for more than max_align_t. */
void *arena_alloc(struct arena *a, size_t len);
/* The same for a type that asks for more; @align is a power of two. */
void *arena_alloc_aligned(struct arena *a, size_t len, size_t align);
/* Zeroed array; an overflowing product ends like running out. */
void *arena_array(struct arena *a, size_t nr, size_t size);
void *arena_memdup(struct arena *a, const void *src, size_t len);
char *arena_strdup(struct arena *a, const char *text);
PRINTF_LIKE(2, 3) char *arena_printf(struct arena *a, const char *fmt, ...);
/*
 * Grows an array that was taken from @a so that it holds at least @nr + 1 elements; capacities are powers
 * of two.  Usage: t->list = arena_grow(a, t->list, t->nr, sizeof(*t->list)); t->list[t->nr++] = x;
 */
void *arena_grow(struct arena *a, void *array, size_t nr, size_t size);

/* For protobuf-c's unpack functions: what they allocate comes from @a and is never freed singly. */
ProtobufCAllocator *arena_pb_allocator(struct arena *a);

#define ARENA_NEW(a, type)                                                       \
	((type *)(_Alignof(type) > _Alignof(max_align_t) ?                       \
			  arena_alloc_aligned(a, sizeof(type), _Alignof(type)) : \
			  arena_alloc(a, sizeof(type))))

/* PB_NEW(a, EventfdFileEntry, eventfd_file_entry): an initialised message of the arena. */
#define PB_NEW(a, type, name)                    \
	({                                       \
		type *msg_ = ARENA_NEW(a, type); \
		name##__init(msg_);              \
		msg_;                            \
	})

#endif
