/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_KOBJ_H
#define TASK_KOBJ_H

/*
 * Small numbers for kernel objects that tasks may share: equal exactly when the objects are.  kcmp(2)
 * orders objects totally, so a set is a balanced tree and a look-up costs log n calls.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

struct dump;

/* Numbers are those of <linux/kcmp.h>. */
enum kobj_kind { KOBJ_FILE = 0, KOBJ_VM = 1, KOBJ_FILES = 2, KOBJ_FS = 3, KOBJ_SIGHAND = 4 };

struct kobj_node;

/* A set of objects of one kind.  Zero it, set @arena and @kind. */
struct kobj_set {
	struct arena *arena;
	enum kobj_kind kind;
	struct kobj_node *root;
	uint32_t seed; /* state of the tree's random priorities */
};

/*
 * Looks for the object of @host_pid (for KOBJ_FILE: its descriptor @fd) and adds it when it is new.
 * *known_out is the number given with the first one that was equal; *value stays its number when new.
 * A task that is gone is ERR_GONE.
 */
MUST_USE struct err *kobj_set_add(struct kobj_set *s, pid_t host_pid, int fd, uint32_t value,
				  uint32_t *known_out);

/* Are two descriptors the same open file description? */
MUST_USE struct err *kobj_same_file(pid_t pid, int fd, pid_t other_pid, int other_fd, bool *out);

/*
 * Is descriptor @fd of @pid the open file that the epoll @epfd of @epoll_pid watches under number @tfd?  @nth: of
 * several it watches under that number, counted from 0 in the order of its fdinfo (Linux 4.13, KCMP_EPOLL_TFD).
 */
MUST_USE struct err *kobj_is_watched(pid_t pid, int fd, pid_t epoll_pid, int epfd, uint32_t tfd,
				     uint32_t nth, bool *out);

/*
 * Fills vm_id, files_id, fs_id and sighand_id of all live tasks (t->ids is made when NULL).  CRIU counts
 * itself first, so numbers start at 2 in tree order.  The tree must be stopped.
 */
MUST_USE struct err *kobj_ids_assign(struct dump *d);

#endif
