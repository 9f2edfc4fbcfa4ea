/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INJECT_REMOTE_H
#define INJECT_REMOTE_H

/*
 * Borrowing a stopped thread.  Between open and close its registers and signal mask are ours; close puts them
 * back, also after a failure, and leaves the thread in the same kind of ptrace stop that the freeze made.
 *
 * A thread whose tracer dies (SIGKILL of the tool) goes on at once with the registers it then has.  So borrowed
 * registers never lead anywhere but back: behind each remote system call stands rt_sigreturn with a frame of the
 * thread's own state.  The code for it is poked into unused bytes at the end of an executable mapping (the
 * vDSO's), the frame lies in unused stack.  The signal mask is ours only while the registers are: it changes after
 * them and goes back before them.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "arch/arch.h"
#include "base/err.h"

/* Places in a task that nothing uses; remote_site_find() looks for them. */
struct remote_site {
	uint64_t gadget;  /* ARCH_SYSCALL_SIGRETURN_LEN zero bytes, executable */
	uint64_t scratch; /* REMOTE_SCRATCH_LEN bytes, writable, 64-byte aligned */
};

#define REMOTE_SCRATCH_LEN 16384

/* Where the thread stands in its current stop: that decides how it can be sent on. */
enum remote_at { REMOTE_AT_TRAP, REMOTE_AT_ENTRY, REMOTE_AT_EXIT };

struct remote {
	pid_t pid; /* thread group leader */
	pid_t tid;
	int mem_fd; /* /proc/PID/mem, lent */
	struct remote_site site;
	bool is_open;
	bool is_armed; /* gadget and frame are in place */
	enum remote_at at;
	int held_signal;      /* a signal that came meanwhile and was held back, or 0 */
	uint8_t *own_scratch; /* what was in the scratch bytes */
	size_t scratch_len;
	uint64_t mask; /* the signal mask it has now */
	struct arch_context saved;
};

/* @mem_fd is lent.  The thread is in a ptrace stop.  ERR_GONE if it ended. */
MUST_USE struct err *remote_open(struct remote *r, pid_t pid, pid_t tid, int mem_fd,
				 const struct remote_site *site);
/* One system call in the thread; @out gets the kernel's value (-errno on failure). */
MUST_USE struct err *remote_syscall(struct remote *r, long nr, const uint64_t arg[6], int64_t *out);
/*
 * Registers and mask are the thread's own again until the next call, although it stays open: for one that stands still
 * while others use the parasite's area, where its own way home would be overwritten.
 */
MUST_USE struct err *remote_rest(struct remote *r);
/* Puts everything back.  Harmless on one that is not open; must be called even after ERR_GONE. */
MUST_USE struct err *remote_close(struct remote *r);

/*
 * Sets the thread going with @gp and @sigmask (PTRACE_CONT or PTRACE_SYSCALL) and waits for its next stop.  One that
 * stands at the entry of a system call skips it first.
 */
MUST_USE struct err *remote_start(struct remote *r, const struct user_regs_struct *gp,
				  uint64_t sigmask, int request, int *status_out);
/* The same with the registers it has. */
MUST_USE struct err *remote_step(struct remote *r, int request, int *status_out);

struct proc_maps;
/* Reads only.  ERR_UNSUPPORTED if the task has no room for us. */
MUST_USE struct err *remote_site_find(pid_t pid, int mem_fd, const struct proc_maps *maps,
				      uint64_t sp, struct remote_site *out);

#endif
