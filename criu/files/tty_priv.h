/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_TTY_PRIV_H
#define FILES_TTY_PRIV_H

/*
 * Terminals.
 *
 *  tty.c        dump: the records
 *  tty_check.c  dump: which pseudo-terminals have both sides in the tree, and what cannot be dumped of them
 *  tty_outside.c  dump: who else has a terminal of the tree
 *  tty_queue.c  what is in the buffers of a pair: takes it out, puts it in
 *  tty_data.c   tty-data.img
 *  tty_open.c   restore: reads and checks; the terminal of the restore (--shell-job)
 *  tty_make.c   restore, coordinator: makes pairs, and all descriptors of them
 *  tty_job.c    restore, workers: controlling terminals and foreground groups
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "files/restore_priv.h"

/* <asm/termbits.h> has a struct termios of its own, which is the kernel's. */
struct termios;

/* A descriptor on dump. */
struct tty_dump {
	const struct fd_probe *probe;
	TtyInfoEntry *info;
	uint32_t index; /* below /dev/pts */
	bool is_master;
	bool is_hung;	  /* its master is closed: the modes are gone, too */
	bool is_alone;	  /* a master whose slave nobody has opened since it was made */
	struct stat node; /* of the slave, also for a master; st_ino 0: not known */
	pid_t outside; /* a process outside of the tree that has the slave of this master, or 0 */
};

uint32_t tty_index(dev_t rdev);
/* A new record of tty-info.img. */
TtyInfoEntry *tty_info_new(struct dump *d, uint32_t id, TtyType type, const struct stat *st);
/* Fills t->node of a master. */
MUST_USE struct err *tty_find_node(struct tty_dump *t);
MUST_USE struct err *tty_check(struct dump *d);
/* Fills the masters' outside. */
MUST_USE struct err *tty_find_outside(struct dump *d);
MUST_USE struct err *tty_data_write(struct dump *d);

/* Bytes that wait in one side of a pair; they end with the arena. */
struct tty_bytes {
	uint8_t *data;
	size_t len;
	/* Of a slave that reads lines: how long each is that is complete.  A rest is a line that is not. */
	uint32_t *lines;
	size_t nr_lines;
};

struct tty_queue {
	struct arena *arena;
	int master, slave; /* open, and without waiting */
	struct tty_bytes to_master, to_slave;
	bool is_odd; /* lines that only an end of file (^D) or a quoted newline explains */
};

/* Takes all bytes out of both sides.  Packet mode must be off. */
MUST_USE struct err *tty_queue_take(struct tty_queue *q);
/* Puts them in, in front of nothing: both sides must be empty.  The modes are the same afterwards. */
MUST_USE struct err *tty_queue_put(const struct tty_queue *q);

/* --- restore --- */

/* The kernel makes no more of them: NR_UNIX98_PTY_MAX of include/linux/tty.h. */
enum { MAX_INDEX = 1 << 20 };

/* A pair that is made by the tool. */
struct pty {
	uint32_t index;
	const TtyInfoEntry *master_info, *slave_info; /* or NULL */
	struct file **files;
	size_t nr_files;
	const TtyDataEntry *to_master, *to_slave; /* or NULL */
	int master, slave;			  /* the coordinator's; -1: not there */
};

MUST_USE struct err *tty_link(struct restore *r, struct file *f);
MUST_USE struct err *tty_open(struct worker *w, struct file *f, int *fd_out);
/* Sets termios from a record; false: not taken. */
bool tty_set_modes(int fd, const TermiosEntry *rec, bool is_lock);
const TtyInfoEntry *tty_find_info(const struct restore_files *rf, uint32_t id);
void pty_add(struct restore *r, const TtyInfoEntry *info, struct file *f);
MUST_USE struct err *ptys_make(struct restore *r);
/* A copy of what the coordinator has made. */
MUST_USE struct err *pty_take(struct worker *w, int coordinators_fd, int *fd_out);
MUST_USE struct err *pty_open(struct worker *w, const struct file *f, int *fd_out);

#endif
