/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_SUM_PRIV_H
#define IMAGE_SUM_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "image/records.h"

/* As page_sums(); only on x86-64, only where the CPU has AVX2. */
void page_sums_avx2(const void *buf, size_t nr_pages, uint64_t *sums);

#endif
