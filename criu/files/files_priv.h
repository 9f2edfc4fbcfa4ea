/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_FILES_PRIV_H
#define FILES_FILES_PRIV_H

/* What the files of this room share.  A dump fills struct files from the tree, a restore from the images. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs.pb-c.h"
#include "memfd.pb-c.h"
#include "remap-file-path.pb-c.h"
#include "tty.pb-c.h"

#include "files/files.h"
#include "files/kind.h"
#include "files/lookup.h"

struct file_group;
struct remap;

/* One open file description, or a file that a mapping, cwd, root or exe names. */
struct file {
	struct lookup_node node; /* restore: by id */
	uint32_t id;
	const struct file_kind *kind; /* restore: NULL when the type cannot be restored */
	FileEntry *rec;
	struct fd_probe *probe;		 /* dump: where it was seen first */
	const struct fdtable *locked_in; /* dump: the last table in which its locks were noted */

	/* Restore, see restore_priv.h. */
	size_t index;		 /* in files.list */
	const struct task *user; /* the first task with a descriptor of it, for messages; or NULL */
	int user_fd;
	const struct remap *remap; /* it is not at its path; or NULL */
	struct file_group *group;  /* made together with others; or NULL */
	int inherited;		   /* a descriptor given with --inherit-fd, or -1 */
	bool is_late;		   /* can be opened only when all processes exist */
	bool has_lease;
	const struct file *path_of;    /* it is the record of the path of this fifo or terminal */
	const struct fdtable *owner;   /* opens it; NULL: no task has a descriptor of it */
	int owner_fd;		       /* its number there; -1: the owner only lends it to others */
	const struct fdtable *seen_by; /* the plan's notes while it looks at one table */
	size_t seen_slot;
	size_t nr_wanted;
};

/* How a worker gets a descriptor. */
enum slot_source {
	SLOT_OPEN,    /* it owns the file */
	SLOT_DUP,     /* has it at the lower number from_fd */
	SLOT_INHERIT, /* the parent has it at from_fd before it forks */
	SLOT_PULL,    /* from the owner, when that has opened it */
};

struct fd_slot {
	int fd;
	bool is_cloexec;
	uint32_t id;
	/* Restore. */
	struct file *file;
	enum slot_source source;
	int from_fd;
	bool from_is_cloexec; /* the parent's, of an inherited one */
	bool is_early;	      /* there before the children are made */
};

/* A descriptor table; CLONE_FILES makes several tasks use one. */
struct fdtable {
	uint32_t files_id;
	const struct task *task; /* the first in tree order: dumps and restores it */
	size_t nr_tasks;
	struct fd_slot *slots; /* ascending numbers */
	size_t nr_slots;
	/* Restore. */
	size_t index;	/* in files.tables */
	size_t nr_kids; /* tables of child tasks, their owners are forks of ours */
	const struct fdtable *parent;
};

struct dump_files;
struct restore_files;

struct files {
	struct file **list;
	size_t nr;
	struct fdtable **tables;
	size_t nr_tables;
	struct dump_files *dump;
	struct restore_files *restore;
};

/* The slot with number @fd, or NULL; the table is complete. */
const struct fd_slot *fdtable_find(const struct fdtable *table, int fd);

/* --- dump --- */

struct ghost;
struct link_remap;
struct tty_dump;

struct dump_files {
	FownEntry *no_fown;
	struct lookup by_key;	 /* (dev, ino, pos, flags): sets of open files */
	struct lookup by_path;	 /* path_same(): what stat said about a path */
	struct lookup by_named;	 /* files_add_path(): files by path, inode and flags */
	struct lookup build_ids; /* by inode */
	struct lookup ghosts;	 /* by inode */
	struct ghost **ghost_list;
	size_t nr_ghosts;
	struct link_remap **link_remaps;
	size_t nr_link_remaps;
	RemapFilePathEntry **remaps; /* remap-fpath.img */
	size_t nr_remaps;
	FsEntry **fs; /* by task index; NULL for the dead */
	uint32_t max_fs_id;
	struct lookup pipes; /* struct pipe_dump by inode */
	struct pipe_dump **pipe_list;
	size_t nr_pipes;
	struct lookup memfds; /* by inode */
	MemfdInodeEntry **memfd_list;
	size_t nr_memfds;
	TtyInfoEntry **tty_infos;
	size_t nr_ttys;
	struct tty_dump **tty_list; /* tty_priv.h */
	size_t nr_tty_list;
	struct file_lock *locks;
	size_t nr_locks;
	struct unix_dumps *unix_sks; /* sk_unix.h; NULL: there are none */
	/* Both NULL until they are needed. */
	struct inet_groups *inet_groups;
	struct inet_diags *inet_diags;
	struct task *tool; /* whose descriptors those in flight are, for probes */
	size_t nr_blockers;
};

/* Joins a blocker; after many only counts.  Other failures than ERR_UNSUPPORTED come back. */
MUST_USE struct err *files_blocker(struct dump *d, struct err *own_e);
/* A new file with the next id; kept probe. */
struct file *files_new(struct dump *d, const struct file_kind *kind, const struct fd_probe *p);
/*
 * @own_fd is a copy of a descriptor in the queue of @carrier: finds the file of the dump that it is, or adds one.
 * Copies of new files stay open as long as the tool runs: they are what probes of these files name.
 */
MUST_USE struct err *files_add_in_flight(struct dump *d, int own_fd, const struct fd_probe *carrier,
					 uint32_t *id_out);
/* A copy that outlives the caller's buffers. */
struct fd_probe *fd_probe_keep(struct arena *a, const struct fd_probe *p);
/* A duplicate of the task's descriptor, close-on-exec: the same open file description. */
MUST_USE struct err *fd_probe_getfd(const struct fd_probe *p, int *fd_out);
/* Opens what the link names anew, so that the task's own description is left alone. */
MUST_USE struct err *fd_probe_reopen(const struct fd_probe *p, int flags, int *fd_out);

/* Nobody is told; one record for all. */
FownEntry *fown_none(struct dump *d);
/* Owner and signal of fcntl, while p->dup is there; of what is no descriptor there is none. */
MUST_USE struct err *fown_ask(struct dump *d, const struct fd_probe *p, FownEntry **out);

/* Fills a REG record; @fown NULL: asks for it.  Shared by everything that has a path. */
MUST_USE struct err *reg_record(struct dump *d, const struct fd_probe *p, uint32_t id,
				FownEntry *fown, RegFileEntry **out);
/* Is @p the regular file, directory... that lies at @path now?  Asks the kernel once for each path. */
bool path_is(struct dump *d, const char *path, const struct fd_probe *p);
/* Has @path a node, not that of @p, of the device that @p is a node of? */
bool path_is_same_device(struct dump *d, const char *path, const struct fd_probe *p);
/*
 * The path to store for file @id, which @p is about.  Deleted files become ghosts or link remaps of that id.
 */
MUST_USE struct err *path_resolve(struct dump *d, const struct fd_probe *p, uint32_t id,
				  const char **name_out);
/* File @id is an unlinked file, last known as @path: its contents will be saved, once for each inode. */
MUST_USE struct err *ghost_add(struct dump *d, const struct fd_probe *p, const char *path,
			       uint32_t id);
/* File @id has other names than @path: --link-remap gives it one for the restore. */
MUST_USE struct err *link_remap_add(struct dump *d, const struct fd_probe *p, const char *path,
				    uint32_t id);
void remap_add(struct dump *d, uint32_t orig_id, uint32_t remap_id, RemapType type);
MUST_USE struct err *ghosts_write(struct dump *d);
/* Makes the hard links, then writes remap-fpath.img. */
MUST_USE struct err *remaps_write(struct dump *d);

/* A file whose contents must be read is refused when opening it would break a lease. */
MUST_USE struct err *lease_check_reading(const struct fd_probe *p);

/* Build-id words of an ELF file, NULL when it has none; cached by inode. */
MUST_USE struct err *build_id_dump(struct dump *d, const struct fd_probe *p,
				   const uint32_t **words_out, size_t *nr_out);
/* Of an open file; *nr_out 0 when there is none.  @words has room for BUILD_ID_WORDS. */
enum { BUILD_ID_WORDS = 64 };
MUST_USE struct err *build_id_read(int fd, uint32_t *words, size_t *nr_out);

/* cwd, root, umask. */
MUST_USE struct err *fs_probe(struct dump *d, const struct task *t);
MUST_USE struct err *fs_write(struct dump *d);

/* CRIU's key of an open file with a path: mount id and inode, both in hex. */
const char *external_file_key(struct dump *d, const struct fd_probe *p);
/* Is the file, a fifo or a device declared with that key? */
bool external_is_declared(struct dump *d, const struct fd_probe *p);
/* Is KEY given with --external? */
bool files_is_external(const struct options *opts, const char *key);

#endif
