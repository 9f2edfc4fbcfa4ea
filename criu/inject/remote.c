/* SPDX-License-Identifier: GPL-2.0-only */
#include "inject/remote.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/log.h"

#define SYSCALL_STOP (SIGTRAP | 0x80)

static struct err *mem_read(const struct remote *r, uint64_t addr, void *buf, size_t len)
{
	return err_context(fd_pread_all(r->mem_fd, buf, len, (off_t)addr),
			   "reading %#lx of task %d", addr, r->pid);
}

static struct err *mem_write(const struct remote *r, uint64_t addr, const void *buf, size_t len)
{
	return err_context(fd_pwrite_all(r->mem_fd, buf, len, (off_t)addr),
			   "writing %#lx of task %d", addr, r->pid);
}

static struct err *find_where(struct remote *r)
{
	struct __ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, r->tid, sizeof(info), &info) < 0)
		return err_sys(errno, "cannot look at the stop of thread %d", r->tid);
	r->at = info.op == PTRACE_SYSCALL_INFO_ENTRY ? REMOTE_AT_ENTRY : REMOTE_AT_EXIT;
	return NULL;
}

struct err *remote_step(struct remote *r, int request, int *status_out)
{
	int status;

	if (ptrace(request, r->tid, 0, 0))
		return err_sys(errno, "cannot let thread %d run", r->tid);
	while (waitpid(r->tid, &status, __WALL) < 0)
		if (errno != EINTR)
			return err_sys(errno, "cannot wait for thread %d", r->tid);
	if (!WIFSTOPPED(status))
		return err_new(ERR_GONE, "thread %d ended while it was borrowed", r->tid);
	*status_out = status;
	r->at = REMOTE_AT_TRAP;
	return WSTOPSIG(status) == SYSCALL_STOP ? find_where(r) : NULL;
}

/* A call whose number becomes -1 at its entry is not made; registers set there would be its arguments. */
static struct err *skip_syscall(struct remote *r)
{
	struct user_regs_struct gp;
	int status;

	if (r->at != REMOTE_AT_ENTRY)
		return NULL;
	TRY(arch_gp_get(r->tid, &gp));
	gp.orig_rax = -1;
	TRY(arch_gp_set(r->tid, &gp));
	return remote_step(r, PTRACE_SYSCALL, &status);
}

static struct err *set_mask(struct remote *r, uint64_t mask)
{
	if (r->mask == mask)
		return NULL;
	r->mask = mask;
	return arch_sigmask_set(r->tid, mask);
}

/* Registers first: with a foreign mask and its own registers it would keep the mask if we died in between. */
static struct err *borrow(struct remote *r, const struct user_regs_struct *gp, uint64_t mask)
{
	TRY(skip_syscall(r));
	TRY(arch_gp_set(r->tid, gp));
	return set_mask(r, mask);
}

struct err *remote_rest(struct remote *r)
{
	TRY(skip_syscall(r));
	TRY(set_mask(r, r->saved.sigmask));
	return arch_gp_set(r->tid, &r->saved.gp);
}

struct err *remote_start(struct remote *r, const struct user_regs_struct *gp, uint64_t sigmask,
			 int request, int *status_out)
{
	TRY(borrow(r, gp, sigmask));
	return remote_step(r, request, status_out);
}

/* Runs to the wanted stop of a system call; a signal that no mask can hold back (SIGSTOP) is kept for later. */
static struct err *step_to_syscall(struct remote *r, enum remote_at wanted)
{
	int status;

	for (;;) {
		TRY(remote_step(r, PTRACE_SYSCALL, &status));
		if (r->at == wanted)
			return NULL;
		if (status >> 16 || r->at != REMOTE_AT_TRAP)
			continue;
		if (WSTOPSIG(status) == SIGSEGV || WSTOPSIG(status) == SIGILL)
			return err_new(ERR_REMOTE, "thread %d got signal %d during a borrowed call",
				       r->tid, WSTOPSIG(status));
		r->held_signal = WSTOPSIG(status);
	}
}

/* Frame first, code second, registers last: at no moment could the thread run into half of it. */
static struct err *arm(struct remote *r)
{
	uint8_t frame[REMOTE_SCRATCH_LEN];
	size_t len = arch_sigframe_len(&r->saved);

	if (r->is_armed)
		return NULL;
	if (len > sizeof(frame))
		return err_new(ERR_UNSUPPORTED, "thread %d has %zu bytes of extended state", r->tid,
			       r->saved.xstate_len);
	arch_sigframe_build(&r->saved, r->site.scratch, frame);
	r->own_scratch = malloc(len);
	if (!r->own_scratch)
		return err_sys(ENOMEM, "cannot keep the scratch bytes of thread %d", r->tid);
	r->scratch_len = len;
	TRY(mem_read(r, r->site.scratch, r->own_scratch, len));
	r->is_armed = true;
	TRY(mem_write(r, r->site.scratch, frame, len));
	return mem_write(r, r->site.gadget, ARCH_SYSCALL_SIGRETURN, ARCH_SYSCALL_SIGRETURN_LEN);
}

static struct err *disarm(struct remote *r)
{
	static const uint8_t zero[ARCH_SYSCALL_SIGRETURN_LEN];
	struct err *e;

	if (!r->is_armed)
		return NULL;
	r->is_armed = false;
	e = mem_write(r, r->site.gadget, zero, sizeof(zero));
	e = err_join(e, mem_write(r, r->site.scratch, r->own_scratch, r->scratch_len));
	free(PTR_TAKE(r->own_scratch));
	return e;
}

struct err *remote_open(struct remote *r, pid_t pid, pid_t tid, int mem_fd,
			const struct remote_site *site)
{
	r->pid = pid;
	r->tid = tid;
	r->mem_fd = mem_fd;
	r->site = *site;
	r->is_open = r->is_armed = false;
	r->at = REMOTE_AT_TRAP;
	r->held_signal = 0;
	r->own_scratch = NULL;
	TRY(arch_context_get(tid, &r->saved));
	r->mask = r->saved.sigmask;
	r->is_open = true;
	return NULL;
}

struct err *remote_syscall(struct remote *r, long nr, const uint64_t arg[6], int64_t *out)
{
	struct user_regs_struct gp = r->saved.gp;

	TRY(arm(r));
	arch_gp_syscall(&gp, r->site.gadget, r->site.scratch, nr, arg);
	TRY(borrow(r, &gp, ~0ul));
	TRY(step_to_syscall(r, REMOTE_AT_ENTRY));
	TRY(step_to_syscall(r, REMOTE_AT_EXIT));
	TRY(arch_gp_get(r->tid, &gp));
	*out = arch_gp_result(&gp);
	return NULL;
}

/*
 * A thread that stands at a system call's stop would leave it without the kernel's restart of the interrupted
 * call (that happens on the way out of signal handling): trap it once more, as the freeze did.  The trap comes before
 * any signal.
 */
static struct err *trap_again(struct remote *r)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, r->tid, 0, 0))
		return err_sys(errno, "cannot interrupt thread %d", r->tid);
	do {
		TRY(remote_step(r, PTRACE_CONT, &status));
		if (!(status >> 16) && r->at == REMOTE_AT_TRAP)
			r->held_signal = WSTOPSIG(status);
	} while (status >> 16 != PTRACE_EVENT_STOP);
	return NULL;
}

/* A word of difference tells what a repeated run may not show again. */
static struct err *check_registers(const struct remote *r, const struct user_regs_struct *now)
{
	const unsigned long *is = (const unsigned long *)now;
	const unsigned long *was = (const unsigned long *)&r->saved.gp;

	for (size_t i = 0; i < sizeof(*now) / sizeof(*is); i++)
		if (is[i] != was[i])
			return err_new(ERR_BUG,
				       "registers of thread %d are not what they were: "
				       "word %zu of user_regs_struct is %#lx and was %#lx",
				       r->tid, i, is[i], was[i]);
	return NULL;
}

struct err *remote_close(struct remote *r)
{
	struct user_regs_struct now;
	struct err *e = NULL;

	if (!r->is_open)
		return NULL;
	r->is_open = false;
	/* Registers first: from here on the thread needs neither frame nor code of ours. */
	e = remote_rest(r);
	if (!e && r->at == REMOTE_AT_EXIT)
		e = trap_again(r);
	e = err_join(e, disarm(r));
	if (!e)
		e = arch_gp_get(r->tid, &now);
	if (!e)
		e = check_registers(r, &now);
	if (!e && r->held_signal && syscall(SYS_tgkill, r->pid, r->tid, r->held_signal))
		e = err_sys(errno, "cannot give signal %d back to thread %d", r->held_signal,
			    r->tid);
	free(PTR_TAKE(r->own_scratch));
	return e;
}
