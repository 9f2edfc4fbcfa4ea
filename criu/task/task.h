/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TASK_TASK_H
#define TASK_TASK_H

/*
 * What every room sees: the task tree and the operations on it.  Both directions use the same tree: a dump
 * fills the messages that hang on it and writes them, a restore reads them and makes the tasks.  Members of
 * higher rooms' types are named here and never looked into by this room.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core.pb-c.h"
#include "pstree.pb-c.h"
#include "seccomp.pb-c.h"

#include "base/arena.h"
#include "base/err.h"

struct options;
struct kernel_features;
struct image_dir;
struct mm;
struct fdtable;
struct files;
struct task_probe;
struct progress;

/* CRIU's numbers of task_core_entry.task_state. */
enum task_state { TASK_ALIVE = 1, TASK_DEAD = 2, TASK_STOPPED = 3 };

struct thread {
	struct task *task;
	pid_t host_tid;	 /* on restore: set when it exists */
	pid_t ns_tid;	 /* the number in the images */
	CoreEntry *core; /* core-TID.img; the leader's also has tc */
};

struct task {
	struct task *parent; /* NULL for the root */
	struct task *first_child;
	struct task *next_sibling;
	size_t index; /* in tree.tasks */

	pid_t host_pid;
	pid_t ns_pid;
	pid_t pgid; /* as in the images: the dumped pid namespace's numbers */
	pid_t sid;
	enum task_state state;
	int stop_signal; /* TASK_STOPPED: what stopped it */

	struct thread *threads; /* leader first; a zombie has none but its leader's core */
	size_t nr_threads;

	TaskKobjIdsEntry *ids; /* NULL for a zombie */

	struct mm *mm;		  /* mem/ */
	struct fdtable *fdt;	  /* files/; shared between tasks with the same files_id */
	struct task_probe *probe; /* dump: what /proc said (task/) */
};

struct tree {
	struct task *root;
	struct task **tasks; /* depth first, parents before children: the order of pstree.img */
	size_t nr_tasks;
};

/* One dump; runs in the coordinator. */
struct dump {
	struct arena *arena;
	const struct options *opts;
	const struct kernel_features *kernel;
	struct image_dir *images;
	struct tree tree;
	struct files *files; /* files/ */
	struct dump_stats *stats;
	struct progress *progress;     /* base/progress.h; NULL: nobody looks */
	struct freezer *freezer;       /* task/freeze.h */
	struct seccomp_table *seccomp; /* task/seccomp.h */
	struct shmem_table *shmem;     /* mem/dump.h */
	struct tracking *tracking;     /* mem/tracker.h */
	struct err *blockers;	       /* found so far; all are reported at once */
};

/* One restore; runs in the coordinator. */
struct restore {
	struct arena *arena;
	const struct options *opts;
	const struct kernel_features *kernel;
	struct image_dir *images;
	struct tree tree;
	struct files *files;
	struct mem_restore *mem; /* mem/restore.h */
	struct restore_stats *stats;
	struct progress *progress; /* of filling memory, workers add to it too */
	struct stage *stage;	   /* task/stage.h: memory shared with all workers */
	struct born_plan *born;	   /* task/born.h: who makes whom */
	SeccompEntry *seccomp;	   /* seccomp.img, or NULL */
};

/* One process being turned into a task: a fork of the coordinator that will jump into the restorer. */
struct worker {
	struct restore *restore; /* a copy-on-write view of the coordinator's: read only */
	struct task *task;
	int fd_floor; /* the worker's own descriptors sit at or above this number */
};

/* The task with this image pid, or NULL. */
struct task *tree_find(const struct tree *tree, pid_t ns_pid);
/* Appends a child to @parent (NULL: the root) and to tree->tasks. */
struct task *tree_add(struct tree *tree, struct arena *a, struct task *parent);

#endif
