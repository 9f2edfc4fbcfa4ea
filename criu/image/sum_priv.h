/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_SUM_PRIV_H
#define IMAGE_SUM_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "image/manifest.h"
#include "image/records.h"

/* XXH3-64 of 4096 zero bytes. */
#define SUM_ZERO_PAGE 0x93d76fe148c689baULL

/* What a page's sum is in the manifest.  The largest number says that dedup has removed the page, so it is no sum. */
static inline uint64_t sum_of_hash(uint64_t hash)
{
	return hash - (hash == SUM_REMOVED);
}

/* As page_sums(); only on x86-64, only where the CPU has AVX2. */
void page_sums_avx2(const void *buf, size_t nr_pages, uint64_t *sums);

#endif
