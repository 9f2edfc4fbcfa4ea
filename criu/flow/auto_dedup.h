/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_AUTO_DEDUP_H
#define FLOW_AUTO_DEDUP_H

/*
 * --auto-dedup.  Only when the work is done: what cannot be removed costs room and nothing else, so it is no failure of
 * the dump or the restore, and the log tells it.
 */

#include "base/options.h"
#include "image/dir.h"

/* After the commit of @dir. */
void auto_dedup_dumped(const struct options *opts, struct image_dir *dir);
/* After the tree runs. */
void auto_dedup_restored(const struct options *opts, struct image_dir *dir);

#endif
