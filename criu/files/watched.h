/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_WATCHED_H
#define FILES_WATCHED_H

/*
 * What inotify and fanotify watch: an inode that need not be open anywhere.  The kernel tells its number, device and
 * file handle; a path is looked for, so that it is found again on another machine or after the file was replaced.
 */

#include <stdint.h>

#include "fh.pb-c.h"

#include "files/kind.h"
#include "proc/fdinfo.h"

/* A blocker when there are events that were not read: nothing can put them back. */
MUST_USE struct err *watched_no_events(const struct fd_probe *p);
/* The blocker for a descriptor that has watches and is in a queue. */
MUST_USE struct err *watched_in_flight(const struct fd_probe *p);
/* A record of the handle, without path. */
FhEntry *watched_handle(struct dump *d, const struct fdinfo_inode *i);
/*
 * When every file was seen: adds the path.  @p is the descriptor that watches, for the message; a blocker when the inode
 * cannot be found or has no name any more.
 */
MUST_USE struct err *watched_resolve(struct dump *d, const struct fd_probe *p, uint32_t dev,
				     uint64_t ino, FhEntry *fh);
/* Where a mount, by its id, or the first mount of a file system is; a blocker when there is none. */
MUST_USE struct err *watched_mount(struct dump *d, const struct fd_probe *p, uint32_t mnt_id,
				   uint32_t dev, const char **path_out);
/*
 * Restore: an O_PATH descriptor of what lies at the path now, or what the handle leads to.  A failure says which file
 * is missing.
 */
MUST_USE struct err *watched_open(struct arena *a, uint32_t dev, uint64_t ino, const FhEntry *fh,
				  int *fd_out);
/* The images have sizes that can be. */
bool watched_is_sane(const FhEntry *fh);

#endif
