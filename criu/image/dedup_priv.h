/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_DEDUP_PRIV_H
#define IMAGE_DEDUP_PRIV_H

#include "image/dedup.h"
#include "image/renew_priv.h"

/* image_dedup() and image_consume() that end at a step when told to. */
MUST_USE struct err *dedup_with(struct image_dir *dir, struct dedup_stats *stats,
				struct stop *stop);
MUST_USE struct err *consume_with(struct image_dir *dir, struct dedup_stats *stats,
				  struct stop *stop);

#endif
