/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers, extended state and thread-local segments.
 *
 * What a stop does to a waiting system call is undone here (issue a call again: ax is its number,
 * ip in front of it).  Three cases: the kernel restarts the call by itself when the thread goes on,
 * so only the image needs it; the call ended with EINTR although no signal came (epoll_wait and
 * others, signal(7)), then the live thread needs it too; the call was already being restarted
 * (restart_syscall), then its number is found in the code.
 */
#include "task/regs.h"

#include <asm/ldt.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/x86_64/xstate.h"
#include "proc/pid.h"
#include "task/part.h"
#include "task/rseq.h"

#define GDT_ENTRY_TLS_MIN 12
#define GDT_ENTRY_TLS_NR 3

#ifndef PTRACE_GET_THREAD_AREA
#define PTRACE_GET_THREAD_AREA 25
#endif
#ifndef PTRACE_SET_THREAD_AREA
#define PTRACE_SET_THREAD_AREA 26
#endif

/* Is there a signal that interrupts a call for a reason the program can see? */
static struct err *has_deliverable_signal(pid_t pid, pid_t tid, bool *out)
{
	struct arena *a = arena_new();
	AUTO_FD task = -1, thread = -1;
	struct proc_status st;
	struct err *e;

	e = proc_open(pid, &task);
	if (!e)
		e = proc_open_thread(task, tid, &thread);
	if (!e)
		e = proc_status_read(thread, a, &st);
	if (!e)
		*out = (st.sig_pnd | st.shd_pnd) & ~st.sig_blk & st.sig_cgt;
	arena_free(a);
	return e;
}

struct err *regs_settle_call(pid_t pid, pid_t tid)
{
	struct user_regs_struct gp;
	bool has_signal = false;

	TRY(arch_gp_get(tid, &gp));
	if (!arch_syscall_reissue(&gp, false, false))
		return NULL;
	TRY(has_deliverable_signal(pid, tid, &has_signal));
	return has_signal ? NULL : arch_gp_set(tid, &gp);
}

struct err *regs_settle_rseq(pid_t tid, int mem_fd)
{
	struct user_regs_struct gp;
	bool changed;

	TRY(arch_gp_get(tid, &gp));
	TRY(rseq_leave_section(tid, mem_fd, &gp, &changed));
	return changed ? arch_gp_set(tid, &gp) : NULL;
}

static bool is_restartable_wait(uint32_t nr)
{
	return nr == SYS_nanosleep || nr == SYS_clock_nanosleep || nr == SYS_poll ||
	       nr == SYS_futex;
}

/*
 * restart_syscall means "the call that was interrupted before", which only this kernel remembers.
 * Its arguments are still in the registers, and C libraries load the number right in front of the
 * instruction (b8 imm32).
 */
static void find_restarted_call(const struct thread_view *v, struct user_regs_struct *gp)
{
	uint8_t code[5];
	uint32_t nr;

	if (gp->orig_rax != SYS_restart_syscall)
		return;
	if (pread(v->mem_fd, code, sizeof(code), (off_t)(gp->rip - ARCH_SYSCALL_INSN_LEN - 5)) != 5)
		return;
	memcpy(&nr, code + 1, sizeof(nr));
	if (code[0] == 0xb8 && is_restartable_wait(nr)) {
		gp->orig_rax = nr;
		return;
	}
	/* As if a signal had come: the program is told that the wait was cut short. */
	gp->rax = -EINTR;
	gp->orig_rax = -1;
}

static UserX86RegsEntry *gp_to_pb(struct arena *a, const struct user_regs_struct *gp)
{
	UserX86RegsEntry *r = PB_NEW(a, UserX86RegsEntry, user_x86_regs_entry);

	r->r15 = gp->r15;
	r->r14 = gp->r14;
	r->r13 = gp->r13;
	r->r12 = gp->r12;
	r->bp = gp->rbp;
	r->bx = gp->rbx;
	r->r11 = gp->r11;
	r->r10 = gp->r10;
	r->r9 = gp->r9;
	r->r8 = gp->r8;
	r->ax = gp->rax;
	r->cx = gp->rcx;
	r->dx = gp->rdx;
	r->si = gp->rsi;
	r->di = gp->rdi;
	r->orig_ax = gp->orig_rax;
	r->ip = gp->rip;
	r->cs = gp->cs;
	r->flags = gp->eflags;
	r->sp = gp->rsp;
	r->ss = gp->ss;
	r->fs_base = gp->fs_base;
	r->gs_base = gp->gs_base;
	r->ds = gp->ds;
	r->es = gp->es;
	r->fs = gp->fs;
	r->gs = gp->gs;
	r->has_mode = true;
	r->mode = USER_X86_REGS_MODE__NATIVE;
	return r;
}

/* set_thread_area(2) entries; 64-bit programs have none, but CRIU wants all three. */
static struct err *tls_dump(struct arena *a, pid_t tid, ThreadInfoX86 *info)
{
	info->n_tls = GDT_ENTRY_TLS_NR;
	info->tls = arena_array(a, GDT_ENTRY_TLS_NR, sizeof(*info->tls));
	for (int i = 0; i < GDT_ENTRY_TLS_NR; i++) {
		UserDescT *e = info->tls[i] = PB_NEW(a, UserDescT, user_desc_t);
		struct user_desc desc;

		if (ptrace(PTRACE_GET_THREAD_AREA, tid, (void *)(long)(GDT_ENTRY_TLS_MIN + i),
			   &desc))
			return err_sys(errno, "cannot read segment %d of thread %d", i, tid);
		e->entry_number = desc.entry_number;
		e->base_addr = desc.base_addr;
		e->limit = desc.limit;
		e->seg_32bit = desc.seg_32bit;
		e->contents_h = desc.contents & 2;
		e->contents_l = desc.contents & 1;
		e->read_exec_only = desc.read_exec_only;
		e->limit_in_pages = desc.limit_in_pages;
		e->seg_not_present = desc.seg_not_present;
		e->usable = desc.useable;
	}
	return NULL;
}

static struct err *regs_dump_thread(struct dump *d, struct thread *t, const struct thread_view *v)
{
	ThreadInfoX86 *info = t->core->thread_info = PB_NEW(d->arena, ThreadInfoX86,
							    thread_info_x86);
	struct user_regs_struct gp = v->ctx->gp;

	find_restarted_call(v, &gp);
	arch_syscall_reissue(&gp, false, true);
	info->clear_tid_addr = v->parasite->tid_address;
	info->gpregs = gp_to_pb(d->arena, &gp);
	TRY(xstate_to_pb(v->ctx->xstate, v->ctx->xstate_len, d->arena, info));
	return tls_dump(d->arena, t->host_tid, info);
}

const struct task_part task_part_regs = {
	.name = "regs",
	.dump_thread = regs_dump_thread,
};

/* ---- restore ---- */

static void gp_from_pb(const UserX86RegsEntry *r, struct user_regs_struct *gp)
{
	*gp = (struct user_regs_struct){
		.r15 = r->r15,
		.r14 = r->r14,
		.r13 = r->r13,
		.r12 = r->r12,
		.rbp = r->bp,
		.rbx = r->bx,
		.r11 = r->r11,
		.r10 = r->r10,
		.r9 = r->r9,
		.r8 = r->r8,
		.rax = r->ax,
		.rcx = r->cx,
		.rdx = r->dx,
		.rsi = r->si,
		.rdi = r->di,
		/* The dump has settled what becomes of an interrupted call. */
		.orig_rax = -1,
		.rip = r->ip,
		.cs = r->cs,
		.eflags = r->flags,
		.rsp = r->sp,
		.ss = r->ss,
		.fs_base = r->fs_base,
		.gs_base = r->gs_base,
		.ds = r->ds,
		.es = r->es,
		.fs = r->fs,
		.gs = r->gs,
	};
}

struct err *regs_context(const struct thread *th, struct arch_context *out)
{
	const CoreEntry *core = th->core;

	gp_from_pb(core->thread_info->gpregs, &out->gp);
	out->sigmask = core->tc ? core->tc->blk_sigset : core->thread_core->blk_sigset;
	return err_context(xstate_from_pb(core->thread_info, out->xstate, sizeof(out->xstate),
					  &out->xstate_len),
			   "core-%d.img", th->ns_tid);
}

static struct err *segment_put(const struct thread *th, const UserDescT *e)
{
	struct user_desc desc = {
		.entry_number = e->entry_number,
		.base_addr = e->base_addr,
		.limit = e->limit,
		.seg_32bit = e->seg_32bit,
		.contents = (e->contents_h ? 2 : 0) | (e->contents_l ? 1 : 0),
		.read_exec_only = e->read_exec_only,
		.limit_in_pages = e->limit_in_pages,
		.seg_not_present = e->seg_not_present,
		.useable = e->usable,
	};

	if (e->entry_number - GDT_ENTRY_TLS_MIN >= GDT_ENTRY_TLS_NR)
		return err_new(ERR_IMAGE, "core-%d.img: segment %u is none of a program's",
			       th->ns_tid, e->entry_number);
	if (ptrace(PTRACE_SET_THREAD_AREA, th->host_tid, (void *)(long)e->entry_number, &desc))
		return err_sys(errno, "cannot set segment %u of thread %d", e->entry_number,
			       th->ns_tid);
	return NULL;
}

struct err *regs_put_segments(const struct thread *th)
{
	const ThreadInfoX86 *info = th->core->thread_info;

	for (size_t i = 0; i < info->n_tls; i++)
		if (!info->tls[i]->seg_not_present || info->tls[i]->base_addr ||
		    info->tls[i]->limit)
			TRY(segment_put(th, info->tls[i]));
	return NULL;
}
