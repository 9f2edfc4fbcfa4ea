/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEM_DUMP_H
#define MEM_DUMP_H

/*
 * The memory side of a dump, in the order the flow calls it.  All of it runs in the coordinator with the tree stopped;
 * pages are read from outside.
 */

#include <stdint.h>

#include "task/task.h"

struct task_probe;

/* Bytes of private memory that @host_pid has now; a guess, 0 if there is none. */
uint64_t mem_guess_private(pid_t host_pid);

/*
 * Makes task->mm->rec->vmas of what /proc said.  Reads only; areas
 * that cannot be dumped are joined to d->blockers.
 */
MUST_USE struct err *mem_look(struct dump *d, struct task *t, const struct task_probe *p);

/*
 * Is the file behind area @i to be entered in files.img?  Then *flags_out is the access mode it was mapped with, and
 * the flow puts the file's id into vmas[i]->shmid.
 */
bool mem_vma_wants_file(const struct task *t, size_t i, int *flags_out);

/*
 * About how many pages mem_dump_task() will tell d->progress of; it corrects that itself.  0 with a parent: the scan
 * will tell.
 */
uint64_t mem_dump_expected(const struct task *t);
/* The rest of mm-PID.img but exe_file_id, then writes it and the private pages of the task. */
MUST_USE struct err *mem_dump_task(struct dump *d, struct task *t, const struct task_probe *p);

/*
 * Adds a shared object to those whose contents mem_dump_shared() writes as pagemap-shmem-@shmid.img; the same
 * one may be added any number of times.  @path names it to open(2): a link of /proc/PID/map_files or /proc/PID/fd.
 */
MUST_USE struct err *mem_shared_add(struct dump *d, uint64_t shmid, const char *path);
MUST_USE struct err *mem_dump_shared(struct dump *d);

#endif
