/* SPDX-License-Identifier: GPL-2.0-only */
#include "arch/x86_64/context.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#ifndef NT_X86_XSTATE
#define NT_X86_XSTATE 0x202
#endif

/* Results inside the kernel that never reach a program: include/linux/errno.h. */
enum { ERESTARTSYS = 512, ERESTARTNOINTR = 513, ERESTARTNOHAND = 514, ERESTART_RESTARTBLOCK = 516 };

#define USER_CS_COMPAT 0x23

/* struct rt_sigframe without its return address, and what rt_sigreturn reads of it. */
struct sigframe {
	uint64_t uc_flags;
	uint64_t uc_link;
	uint64_t ss_sp;
	uint32_t ss_flags;
	uint32_t ss_pad;
	uint64_t ss_size;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2, fpstate;
	uint64_t reserved[8];
	uint64_t sigmask;
};

_Static_assert(sizeof(struct sigframe) == 304, "struct ucontext of the kernel");

enum { UC_FP_XSTATE = 1, UC_SIGCONTEXT_SS = 2, UC_STRICT_RESTORE_SS = 4 };

/* struct _fpx_sw_bytes, at byte 464 of the FXSAVE area. */
#define FPX_SW_OFFSET 464
#define FP_XSTATE_MAGIC1 0x46505853u
#define FP_XSTATE_MAGIC2 0x46505845u

struct fpx_sw {
	uint32_t magic1;
	uint32_t extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size;
	uint32_t padding[7];
};

#define EFLAGS_FIXED 0x2ul

struct err *arch_gp_get(pid_t tid, struct user_regs_struct *out)
{
	struct iovec iov = { out, sizeof(*out) };

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov))
		return err_sys(errno, "cannot read the registers of thread %d", tid);
	if (iov.iov_len != sizeof(*out))
		return err_new(ERR_UNSUPPORTED, "thread %d is a 32-bit task", tid);
	/*
	 * The processor has this bit always (Intel SDM volume 1, 3.4.3).  Linux 6.1's start_thread_common() leaves it out
	 * until a program's first instruction, and PTRACE_SETREGSET never changes it.
	 */
	out->eflags |= EFLAGS_FIXED;
	return NULL;
}

struct err *arch_gp_set(pid_t tid, const struct user_regs_struct *gp)
{
	struct iovec iov = { (void *)gp, sizeof(*gp) };

	if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov))
		return err_sys(errno, "cannot set the registers of thread %d", tid);
	return NULL;
}

struct err *arch_sigmask_set(pid_t tid, uint64_t mask)
{
	if (ptrace(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask))
		return err_sys(errno, "cannot set the signal mask of thread %d", tid);
	return NULL;
}

struct err *arch_context_get(pid_t tid, struct arch_context *out)
{
	struct iovec iov = { out->xstate, sizeof(out->xstate) };

	TRY(arch_gp_get(tid, &out->gp));
	if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &iov))
		return err_sys(errno, "cannot read the extended state of thread %d", tid);
	out->xstate_len = iov.iov_len;
	if (ptrace(PTRACE_GETSIGMASK, tid, sizeof(out->sigmask), &out->sigmask))
		return err_sys(errno, "cannot read the signal mask of thread %d", tid);
	return NULL;
}

struct err *arch_context_set(pid_t tid, const struct arch_context *ctx)
{
	struct iovec iov = { (void *)ctx->xstate, ctx->xstate_len };

	if (ptrace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, &iov))
		return err_sys(errno, "cannot set the extended state of thread %d", tid);
	TRY(arch_sigmask_set(tid, ctx->sigmask));
	return arch_gp_set(tid, &ctx->gp);
}

bool arch_has_io_ports(pid_t tid)
{
	/* One bit per port; ENXIO when the thread never asked for any (ioperm_get in the kernel). */
	uint8_t ports[65536 / 8];
	struct iovec iov = { ports, sizeof(ports) };

	return !ptrace(PTRACE_GETREGSET, tid, NT_386_IOPERM, &iov);
}

bool arch_gp_is_compat(const struct user_regs_struct *gp)
{
	return gp->cs == USER_CS_COMPAT;
}

/*
 * Calls that end with EINTR although no signal was delivered (signal(7), "Interruption of system calls
 * and library functions by stop signals"): the freeze alone can do that, and a program does not expect it.
 * A call that must not be made twice (close) is not among them.
 */
static bool eintr_may_be_ours(long nr)
{
	switch (nr) {
	case SYS_close:
	case SYS_dup2:
	case SYS_dup3:
	case SYS_fsync:
	case SYS_fdatasync:
		return false;
	default:
		return true;
	}
}

bool arch_syscall_reissue(struct user_regs_struct *gp, bool has_signal, bool for_image)
{
	long nr = (long)gp->orig_rax;

	if (nr < 0)
		return false;
	switch (-(long)gp->rax) {
	case EINTR:
		if (has_signal || !eintr_may_be_ours(nr))
			return false;
		break;
	case ERESTARTSYS:
	case ERESTARTNOINTR:
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		if (!for_image)
			return false;
		break;
	default:
		return false;
	}
	gp->rax = gp->orig_rax;
	gp->rip -= ARCH_SYSCALL_INSN_LEN;
	return true;
}

static size_t fpstate_offset(void)
{
	/* siginfo lies in between in the kernel's frame, but rt_sigreturn does not read it. */
	return (sizeof(struct sigframe) + 63) & ~(size_t)63;
}

size_t arch_sigframe_len(const struct arch_context *ctx)
{
	return fpstate_offset() + ctx->xstate_len + sizeof(uint32_t);
}

void arch_sigframe_build(const struct arch_context *ctx, uint64_t addr, uint8_t *buf)
{
	struct user_regs_struct gp = ctx->gp;
	uint32_t magic2 = FP_XSTATE_MAGIC2;
	struct fpx_sw sw = {
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = ctx->xstate_len + sizeof(magic2),
		.xstate_size = ctx->xstate_len,
	};
	struct sigframe frame;

	arch_syscall_reissue(&gp, false, true);
	frame = (struct sigframe){
		.uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
		/* Not a valid value: the kernel then leaves the alternate stack as it is. */
		.ss_flags = 0x1000,
		.r8 = gp.r8,
		.r9 = gp.r9,
		.r10 = gp.r10,
		.r11 = gp.r11,
		.r12 = gp.r12,
		.r13 = gp.r13,
		.r14 = gp.r14,
		.r15 = gp.r15,
		.di = gp.rdi,
		.si = gp.rsi,
		.bp = gp.rbp,
		.bx = gp.rbx,
		.dx = gp.rdx,
		.ax = gp.rax,
		.cx = gp.rcx,
		.sp = gp.rsp,
		.ip = gp.rip,
		.flags = gp.eflags,
		.cs = gp.cs,
		.ss = gp.ss,
		.fpstate = addr + fpstate_offset(),
		.sigmask = ctx->sigmask,
	};
	memset(buf, 0, fpstate_offset());
	memcpy(buf, &frame, sizeof(frame));
	buf += fpstate_offset();
	memcpy(buf, ctx->xstate, ctx->xstate_len);
	/* ptrace gives XCR0 in the first software bytes: the features this task may have. */
	memcpy(&sw.xfeatures, ctx->xstate + FPX_SW_OFFSET, sizeof(sw.xfeatures));
	memcpy(buf + FPX_SW_OFFSET, &sw, sizeof(sw));
	memcpy(buf + ctx->xstate_len, &magic2, sizeof(magic2));
}

void arch_gp_syscall(struct user_regs_struct *gp, uint64_t ip, uint64_t sp, long nr,
		     const uint64_t arg[6])
{
	gp->orig_rax = -1;
	gp->rip = ip;
	gp->rsp = sp;
	gp->rax = nr;
	gp->rdi = arg[0];
	gp->rsi = arg[1];
	gp->rdx = arg[2];
	gp->r10 = arg[3];
	gp->r8 = arg[4];
	gp->r9 = arg[5];
	/* A direction or trap flag of the task must not change what the borrowed code does. */
	gp->eflags &= ~0x500ul;
}
