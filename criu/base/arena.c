// SPDX-License-Identifier: GPL-2.0-only
#include "base/arena.h"

/*
 * Chunks in a list, the one in use first.  A piece that would waste much of a chunk gets one of its own,
 * linked behind the one in use.  Under AddressSanitizer every piece is a chunk, so that a read behind a
 * piece is seen.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_PIECEWISE 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_PIECEWISE 1
#endif

enum {
	ARENA_ALIGN = 16,
	ARENA_CHUNK = 128 * 1024,
#ifdef ARENA_PIECEWISE
	ARENA_OWN_CHUNK = 0,
#else
	ARENA_OWN_CHUNK = ARENA_CHUNK / 8,
#endif
	ARENA_GROW_FIRST = 8,
	/* With this much in small chunks, huge pages follow: a thousand forks copy a thousand page tables. */
	ARENA_SMALL = 8 * ARENA_CHUNK,
	ARENA_HUGE = 2 * 1024 * 1024,
};

struct chunk {
	struct chunk *next;
	size_t used;
	size_t len;
	bool is_mapped; /* by chunk_map_huge() */
	_Alignas(ARENA_ALIGN) char bytes[];
};

struct arena {
	struct chunk *chunks;
	size_t small_bytes; /* in chunks of ARENA_CHUNK */
	ProtobufCAllocator pb;
};

/* Nothing can be unwound without memory: say it with a plain write and end. */
static _Noreturn void arena_out_of_memory(void)
{
	static const char text[] = "criu-lite: out of memory\n";
	ssize_t ignored UNUSED = write(STDERR_FILENO, text, sizeof(text) - 1);

	abort();
}

static struct chunk *chunk_new(size_t len)
{
	struct chunk *c = NULL;

	if (len <= SIZE_MAX - sizeof(*c))
		c = calloc(1, sizeof(*c) + len);
	if (!c)
		arena_out_of_memory();
	c->len = len;
	return c;
}

#ifndef ARENA_PIECEWISE
/* One huge page where the kernel has one; NULL if there is no room. */
static struct chunk *chunk_map_huge(void)
{
	char *base = mmap(NULL, 2 * ARENA_HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	char *start;
	struct chunk *c;

	if (base == MAP_FAILED)
		return NULL;
	start = (char *)(((uintptr_t)base + ARENA_HUGE - 1) & ~(uintptr_t)(ARENA_HUGE - 1));
	if (start > base)
		munmap(base, start - base);
	if (start < base + ARENA_HUGE)
		munmap(start + ARENA_HUGE, base + ARENA_HUGE - start);
	madvise(start, ARENA_HUGE, MADV_HUGEPAGE);
	c = (struct chunk *)start;
	c->len = ARENA_HUGE - sizeof(*c);
	c->is_mapped = true;
	return c;
}
#endif

/* The chunk for the pieces to come. */
static struct chunk *chunk_next(struct arena *a)
{
	struct chunk *c = NULL;

#ifndef ARENA_PIECEWISE
	if (a->small_bytes >= ARENA_SMALL)
		c = chunk_map_huge();
#endif
	if (c)
		return c;
	a->small_bytes += ARENA_CHUNK;
	return chunk_new(ARENA_CHUNK);
}

static void *pb_alloc(void *arena, size_t len)
{
	return arena_alloc(arena, len);
}

static void pb_free(void *arena UNUSED, void *ptr UNUSED)
{
}

struct arena *arena_new(void)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (!a)
		arena_out_of_memory();
	a->pb = (ProtobufCAllocator){ .alloc = pb_alloc, .free = pb_free, .allocator_data = a };
	return a;
}

void arena_free(struct arena *a)
{
	struct chunk *c, *next;

	if (!a)
		return;
	for (c = a->chunks; c; c = next) {
		next = c->next;
		if (c->is_mapped)
			munmap(c, ARENA_HUGE);
		else
			free(c);
	}
	free(a);
}

static void *arena_own_chunk(struct arena *a, size_t len)
{
	struct chunk *c = chunk_new(len);

	c->used = len;
	if (a->chunks) {
		c->next = a->chunks->next;
		a->chunks->next = c;
	} else {
		a->chunks = c;
	}
	return c->bytes;
}

void *arena_alloc(struct arena *a, size_t len)
{
	size_t rounded = (len + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	struct chunk *c = a->chunks;
	void *piece;

	if (len > ARENA_OWN_CHUNK || rounded < len)
		return arena_own_chunk(a, len);
	if (!c || c->len - c->used < rounded) {
		c = chunk_next(a);
		c->next = a->chunks;
		a->chunks = c;
	}
	piece = c->bytes + c->used;
	c->used += rounded;
	return piece;
}

void *arena_alloc_aligned(struct arena *a, size_t len, size_t align)
{
	uintptr_t piece = (uintptr_t)arena_alloc(a, len + align - 1);

	return (void *)((piece + align - 1) & ~(uintptr_t)(align - 1));
}

void *arena_array(struct arena *a, size_t nr, size_t size)
{
	size_t len;

	if (__builtin_mul_overflow(nr, size, &len))
		arena_out_of_memory();
	return arena_alloc(a, len);
}

void *arena_memdup(struct arena *a, const void *src, size_t len)
{
	void *copy = arena_alloc(a, len);

	if (len)
		memcpy(copy, src, len);
	return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_memdup(a, text, strlen(text) + 1);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		arena_out_of_memory();
	text = arena_alloc(a, (size_t)len + 1);
	va_start(args, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, args);
	va_end(args);
	return text;
}

void *arena_grow(struct arena *a, void *array, size_t nr, size_t size)
{
	bool is_full = nr >= ARENA_GROW_FIRST && (nr & (nr - 1)) == 0;
	void *grown;

	if (array && !is_full)
		return array;
	grown = arena_array(a, nr ? MAX(nr * 2, (size_t)ARENA_GROW_FIRST) : ARENA_GROW_FIRST, size);
	if (array)
		memcpy(grown, array, nr * size);
	return grown;
}

ProtobufCAllocator *arena_pb_allocator(struct arena *a)
{
	return &a->pb;
}
