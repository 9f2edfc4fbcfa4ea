/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_RESTORE_PRIV_H
#define FILES_RESTORE_PRIV_H

/*
 * Restore of files.  Who opens what is planned before anything is made:
 *
 *  - A description is opened once, by its owner: the first task in tree order that has it.  All ends of a pipe
 *    have one owner, which keeps those it has no descriptor of ("lent") until others have taken them.
 *  - A child that shares a description with its parent inherits it at the fork, when so many of the parent's
 *    children do that copying the table to all of them is no waste; then the parent opens it early.
 *  - Every other sharer takes it from the owner with pidfd_getfd(2) when all owners are done: no sockets, no
 *    buffers that fill up, no order in which tasks could wait for each other.
 *
 * The work is linear in the number of descriptors of all tasks.
 */

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs.pb-c.h"
#include "ghost-file.pb-c.h"
#include "tty.pb-c.h"

#include "files/files_priv.h"

/* Room above the tables for descriptors of the tool itself. */
enum { TOOL_FDS = 64, MAX_FD = INT_MAX - TOOL_FDS };

/* What replaces a path: the coordinator keeps it open, workers open it through /proc. */
struct remap {
	struct lookup_node node; /* ghosts by id */
	RemapType type;
	uint32_t id;	  /* ghost id, or file id of the link */
	const char *path; /* where it was; of the first file that named it */
	GhostFileEntry *ghost;
	const char *link; /* the hard link's path */
	const struct file
		*nameless; /* made by O_TMPFILE: linkat(2) could still give it a name; or NULL */
	int fd; /* coordinator's; O_PATH, of a nameless file the description itself; -1: not made */
};

/* F_GETFL shows it, but open(2) with it would make a new file. */
#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

/* A descriptor of the tool that --inherit-fd gives, kept above the floor. */
struct inherited_fd {
	const char *key;
	int fd;	     /* the user's number */
	int kept_fd; /* our copy; -1: not needed */
	bool is_used;
};

/*
 * Files that only one worker can make, all at once, as the ends of a pipe: the first that is opened makes all,
 * the others wait in restore_files.made.
 */
struct file_group {
	struct file **ends;
	size_t nr_ends;
	const struct fdtable *wanted; /* should be the owner when it has an end; NULL: anyone */
	const struct fdtable *maker;  /* is to be; NULL: the first that has an end */
};

enum { STREAM_PIPES, STREAM_FIFOS, STREAM_SK_QUEUES, NR_STREAMS };

struct restore_files {
	struct lookup by_id;
	struct lookup by_path;
	struct lookup ghosts;
	struct lookup groups;
	struct lookup inet_ports; /* struct inet_port by protocol and port */
	struct pipe_group **group_list;
	size_t nr_groups;
	struct remap **remaps;
	size_t nr_remaps;
	FsEntry **fs; /* by task index */
	TtyInfoEntry **ttys;
	size_t nr_ttys;
	TtyDataEntry **tty_data;
	size_t nr_tty_data;
	struct pty **ptys; /* tty_priv.h: pairs that the tool makes */
	size_t nr_ptys;
	size_t nr_pty_fds; /* more than the coordinator needs for them at once */
	int *pty_fds;	   /* by file index: the coordinator's */
	MemfdInodeEntry **memfds;
	size_t nr_memfds;
	bool needs_terminal;
	int terminal; /* what stands for the dumped terminal, -1: none */
	struct inherited_fd *inherited;
	size_t nr_inherited;
	struct image_stream *streams[NR_STREAMS]; /* they lend the bytes */
	struct unix_restore *unix_sks;		  /* sk_restore.h; NULL: there are none */
	size_t nr_errors;
	struct err *errors;
	struct file_lock *locks;
	size_t nr_locks;
	int highest_fd; /* of all tables */
	pid_t coordinator;

	/* The plan, the same in all processes. */
	bool has_late;	 /* files of /proc of tasks */
	bool has_finish; /* kinds with a finish */
	bool has_pulls;
	bool has_lent;
	bool has_shared_tables;
	bool has_shared_fs;
	int *lent; /* by file index, shared by all processes: the owner's number, 0: none */

	/* Of this process only. */
	int *made;	      /* by file index: ends of groups made and not placed yet, 0: none */
	struct file **strays; /* lent, under numbers that children must close */
	size_t nr_strays;
};

void file_group_add(struct restore *r, struct file_group *g, struct file *f);
/*
 * Worker: puts an end of a group that it has just made into restore_files.made, at a number that is in nobody's
 * way.
 */
MUST_USE struct err *file_group_keep(struct worker *w, const struct file *f, int own_fd);

/* Joins; after many only counts. */
void restore_error(struct restore *r, struct err *own_e);
/* "fd 7 of task 42", or "a mapping, cwd, root or exe". */
const char *file_user(struct restore *r, const struct file *f);
struct file *file_by_id(const struct files *fs, uint32_t id);
/* external.c */
void inherited_init(struct restore *r);
/* All files are linked: warns of keys that nothing has. */
void inherited_check_use(const struct restore *r);
/* The --inherit-fd descriptor of a key, or -1. */
int inherited_find(struct restore *r, const char *key);

/* remap-fpath.img and the heads of ghosts; before the files are linked. */
MUST_USE struct err *remaps_read(struct restore *r);
/* Coordinator: makes what remaps stand for. */
MUST_USE struct err *remaps_make(struct restore *r);
void remaps_drop(struct restore *r, bool is_commit);
MUST_USE struct err *ghost_make(struct restore *r, struct remap *m);

MUST_USE struct err *fs_read(struct restore *r);
MUST_USE struct err *ttys_read(struct restore *r);
MUST_USE struct err *memfds_read(struct restore *r);
MUST_USE struct err *ttys_make(struct restore *r);
/* Closes what the coordinator, or a worker as its copy, has of the pairs. */
void ptys_close(const struct restore_files *rf);
void ptys_drop(struct restore_files *rf);
/* Worker, all groups are there: who is in the foreground of the terminal of the session that it leads. */
MUST_USE struct err *tty_set_foreground(struct worker *w);
void ttys_commit(struct restore *r);
MUST_USE struct err *pipe_data_read(struct restore *r);
MUST_USE struct err *plan_make(struct restore *r);
/* Of the file, and of all that are made with it, unless they have one. */
void file_set_owner(struct file *f, const struct fdtable *table);

/* regular.c and its parts: checks of what is at a path now. */
MUST_USE struct err *regular_link(struct restore *r, struct file *f);
MUST_USE struct err *regular_open(struct worker *w, struct file *f, int *fd_out);
/* Opens the path of a REG record, or what it was remapped to; @flags are final but for O_CLOEXEC. */
MUST_USE struct err *regular_open_path(struct worker *w, const struct file *f, int flags,
				       int *fd_out);

/* The first number that a task has it at; NULL: it is in the queue of a socket only, or not a descriptor. */
const struct fd_slot *file_slot(const struct file *f);
/* The failure of a file that watches others and is no descriptor of any task. */
MUST_USE struct err *restore_in_queue(struct restore *r, const struct file *f);
/* The member of its kind; NULL when it is not set. */
ProtobufCMessage *file_record(const struct file_kind *kind, const FileEntry *rec);
/* Of the record that has them for the file's kind; NULL and 0 when there is none. */
const FownEntry *file_fown(const struct files *fs, const struct file *f);
uint32_t file_flags(const struct files *fs, const struct file *f);

#endif
