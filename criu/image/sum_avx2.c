// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same sums as in sum.c, compiled for AVX2.  libxxhash's archive has only code for the oldest
 * CPU of the architecture, so its header is compiled here once more.
 */
#include "image/sum_priv.h"

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

#define XXH_INLINE_ALL
#define XXH_VECTOR 2 /* XXH_AVX2 */
#include <xxhash.h>

void page_sums_avx2(const void *buf, size_t nr_pages, uint64_t *sums)
{
	const char *page = buf;

	for (size_t i = 0; i < nr_pages; i++)
		sums[i] = sum_of_hash(XXH3_64bits(page + i * IMAGE_PAGE_SIZE, IMAGE_PAGE_SIZE));
}

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
