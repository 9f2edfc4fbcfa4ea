/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_RENEW_PRIV_H
#define IMAGE_RENEW_PRIV_H

/*
 * A new manifest for a set that is there.  At every moment the set is either what it was or what it is to be:
 *
 *	1. manifest.criu-lite.new is written; the inventory still belongs to manifest.criu-lite.
 *	2. inventory.img is replaced by one that belongs to the new manifest: the change.  A reader tries both names.
 *	3. manifest.criu-lite.new gets the name of the old one.
 */

#include "image/dir_priv.h"

/* For tests: fails at the step whose number it is, as if the tool had ended there. */
struct stop {
	unsigned int at, passed;
};

/* NULL never stops. */
MUST_USE struct err *stop_here(struct stop *stop);

struct renewal {
	struct image_dir *dir;
	struct stop *stop;
	bool is_durable;
	int fd; /* the new manifest; -1 until something is changed */
};

void renewal_init(struct renewal *r, struct image_dir *dir, bool is_durable, struct stop *stop);
/* The sums of @nr pages say that these are removed. */
MUST_USE struct err *renewal_remove(struct renewal *r, const struct manifest_file *f, uint64_t page,
				    uint64_t nr);
/* Steps 2 and 3, if something was changed.  @superseded_by: inventory_entry.superseded_by. */
MUST_USE struct err *renewal_commit(struct renewal *r, const char *superseded_by);
void renewal_fini(struct renewal *r);

#endif
