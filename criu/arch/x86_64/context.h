/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARCH_X86_64_CONTEXT_H
#define ARCH_X86_64_CONTEXT_H

/*
 * What a thread is at a ptrace stop: general registers, extended state and signal mask, as the kernel's
 * register sets give them.  Sources: ptrace(2), Linux arch/x86/include/uapi/asm/sigcontext.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "base/err.h"

/* AVX-512 needs 2696 bytes, AMX 11008: room for what comes. */
#define ARCH_XSTATE_MAX 16384

struct arch_context {
	struct user_regs_struct gp;
	uint64_t sigmask; /* bit (n - 1) for signal n */
	size_t xstate_len;
	/* NT_X86_XSTATE: XSAVE in the standard (not compacted) format. */
	uint8_t xstate[ARCH_XSTATE_MAX] __attribute__((aligned(64)));
};

/* Reads or sets all of it; the thread is in a ptrace stop. */
MUST_USE struct err *arch_context_get(pid_t tid, struct arch_context *out);
MUST_USE struct err *arch_context_set(pid_t tid, const struct arch_context *ctx);
MUST_USE struct err *arch_gp_get(pid_t tid, struct user_regs_struct *out);
MUST_USE struct err *arch_gp_set(pid_t tid, const struct user_regs_struct *gp);
MUST_USE struct err *arch_sigmask_set(pid_t tid, uint64_t mask);

/* Is it 32-bit code (compat mode)? */
bool arch_gp_is_compat(const struct user_regs_struct *gp);
/* The thread may use I/O ports (ioperm(2)); the thread is stopped. */
bool arch_has_io_ports(pid_t tid);

/*
 * Registers of a thread that was stopped in a system call which the stop interrupted, changed so that the
 * call is issued again; true if anything was to be done.  @has_signal: a signal will be delivered first, so
 * an EINTR may be the program's to see.
 *
 * With @for_image also the cases that the kernel itself restarts when the thread goes on.
 */
bool arch_syscall_reissue(struct user_regs_struct *gp, bool has_signal, bool for_image);

/*
 * A signal frame that rt_sigreturn turns into @ctx, to be placed at @addr (64-byte aligned) with the
 * stack pointer at @addr when the call is made.  Writes at most @len bytes to @buf.
 */
size_t arch_sigframe_len(const struct arch_context *ctx);
void arch_sigframe_build(const struct arch_context *ctx, uint64_t addr, uint8_t *buf);

/* Points the registers at one system call at @ip. */
void arch_gp_syscall(struct user_regs_struct *gp, uint64_t ip, uint64_t sp, long nr,
		     const uint64_t arg[6]);
static inline int64_t arch_gp_result(const struct user_regs_struct *gp)
{
	return (int64_t)gp->rax;
}

/*
 * Code that makes one system call and then rt_sigreturn: poked into unused bytes of an executable
 * mapping, so that a thread whose tracer dies in between finds its way back by itself.
 */
#define ARCH_SYSCALL_SIGRETURN "\x0f\x05\xb8\x0f\x00\x00\x00\x0f\x05"
#define ARCH_SYSCALL_SIGRETURN_LEN 9
#define ARCH_SYSCALL_INSN_LEN 2

#endif
