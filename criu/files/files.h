/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_FILES_H
#define FILES_FILES_H

/*
 * Open files in both directions: descriptor tables, the open file descriptions behind them, files named
 * by mappings, exe, cwd and root.  Owns files.img, fdinfo-ID.img, fs-PID.img, remap-fpath.img,
 * ghost-file-ID.img, pipes-data.img, fifo-data.img, sk-queues.img, tty-info.img, tty-data.img and filelocks.img.
 *
 * Dump:    files_probe, then files_add_path as often as needed, then files_dump; files_dump_undo after a
 *          failure of anything later.
 * Restore: files_read, files_prepare, then in each worker files_restore_early, fork of its children,
 *          files_restore_worker, files_restore_fs; then files_restore_finish; at the end
 *          files_restore_commit or files_restore_undo.
 */

#include <stdint.h>

#include "fdinfo.pb-c.h"

#include "base/err.h"

struct dump;
struct restore;
struct rst_build;
struct task;
struct worker;

/*
 * Reads every descriptor table, cwd and root of the frozen tree and finds which descriptors are the same
 * open file description.  Needs the ids of kobj_ids_assign().  Changes and writes nothing.  What cannot be
 * dumped is joined to d->blockers; a returned failure is one that makes going on useless.
 */
MUST_USE struct err *files_probe(struct dump *d);
/* Descriptors of a task, which may run; 0 when it has ended. */
size_t files_count(const struct task *t);

/*
 * The id in files.img of what a link of /proc/PID names: @proc_link is "exe", "cwd", "root" or
 * "map_files/START-END".  @open_flags are the O_ flags the entry gets (O_RDONLY, or O_RDWR for a shared
 * writable mapping).  The same file with the same flags gets the same id for all tasks, so a thousand
 * mappings of one file are one entry and cost one stat each.  A blocker is joined to d->blockers and
 * leaves *id_out 0.  Between files_probe and files_dump.
 */
MUST_USE struct err *files_add_path(struct dump *d, const struct task *t, const char *proc_link,
				    int open_flags, uint32_t *id_out);

/*
 * Writes all images of this room.  Makes the hard links of --link-remap: d->blockers must have been looked
 * at before.
 */
MUST_USE struct err *files_dump(struct dump *d);
/* Removes the hard links again; harmless when there are none. */
void files_dump_undo(struct dump *d);

/*
 * Coordinator.  Reads and checks all images of this room: every id exists, every path is there and is the
 * file that was dumped.  All that is wrong comes back joined in one failure.  Needs the tree and its ids.
 */
MUST_USE struct err *files_read(struct restore *r);
/* The record of an open file, or NULL; lent. */
const FileEntry *files_find(const struct restore *r, uint32_t id);
/* The first descriptor number no task of the tree uses; what the tool keeps in workers sits there. */
int files_fd_floor(const struct restore *r);
/*
 * Coordinator, before the root task's worker is made: recreates deleted files, plans who opens what.
 */
MUST_USE struct err *files_prepare(struct restore *r);

/*
 * Worker, before it makes its children: opens those descriptors that its children inherit at once.
 */
MUST_USE struct err *files_restore_early(struct worker *w);
/*
 * Worker of a session leader, when it has started its session and before it makes the children that belong to it: takes
 * the controlling terminal, which children get at the fork.
 */
MUST_USE struct err *files_restore_session(struct worker *w);
/*
 * Worker, after it made its children and has closed what it does not need: opens all descriptors of its
 * table at their numbers, gets those other tasks own, and closes everything else below w->fd_floor.
 * Waits until all workers of the tree have come here, so every worker must come here.
 */
MUST_USE struct err *files_restore_worker(struct worker *w);
/* Worker: root, cwd, umask.  The last thing that uses paths; every worker must come here too. */
MUST_USE struct err *files_restore_fs(struct worker *w);
/*
 * Worker: opens file @id for a mapping or exe with the access mode of @flags (O_RDONLY, O_RDWR...), close
 * on exec, at any free number.  The caller owns the descriptor and closes it before files_restore_early.
 */
MUST_USE struct err *files_open_by_id(struct worker *w, uint32_t id, int flags, int *fd_out);

/* Worker: the file locks that the restorer is to take. */
void files_restore_fill(struct worker *w, struct rst_build *b);
/*
 * Coordinator, while the task is still there: why the restorer did not get lock @index (rst_result.detail) of
 * filelocks.img; names the file and who holds it.
 */
MUST_USE struct err *files_lock_failed(struct restore *r, const struct task *t, uint64_t index,
				       int errnum);

/*
 * Coordinator, when all tasks and threads exist and host_pid is set, before the commit: who is told by
 * signals about a descriptor (F_SETOWN, F_SETSIG).
 */
MUST_USE struct err *files_restore_finish(struct restore *r);
/* Coordinator, the commit: sets the terminal's modes, removes the hard links that the dump had made. */
void files_restore_commit(struct restore *r);
/* Coordinator, after a failure: nothing that files_prepare made stays.  Harmless twice. */
void files_restore_undo(struct restore *r);

#endif
