/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parasite: asks the kernel from inside a task what nobody can ask from outside.  Freestanding, no data,
 * no relocations; its state is the argument area.  It only reads: nothing it does is to be undone.
 */
#include "pie/abi/parasite.h"

#include <linux/prctl.h>
#include <asm/unistd.h>

#include "arch/x86_64/sys.h"

#define MEMBARRIER_CMD_GET_REGISTRATIONS (1 << 9)
#define PR_GET_MDWE_NR 66
#define PR_GET_MEMORY_MERGE_NR 68

/* From the head below: never inlined, so that the head can call it by name. */
__attribute__((used, noinline, noreturn)) void parasite_main(struct parasite_args *args);

/*
 * The tool sets rdi, rsi, rdx for mprotect(args, length, PROT_READ | PROT_WRITE), rax to its number, r12 to the
 * args and the stack pointer to the end of the stack.  No push may happen before the call.
 */
__asm__(".pushsection .head, \"ax\", @progbits\n"
	"parasite_start:\n"
	"	syscall\n"
	"	mov %r12, %rdi\n"
	"	call parasite_main\n"
	"	hlt\n"
	".popsection\n");

/*
 * Loads the frame: the thread is back where it was stopped.  A tool that wants the registers back skips the call at its
 * entry; when it is killed right then, the thread comes to the jump and asks again.
 */
__attribute__((noreturn)) void parasite_sigreturn(uint64_t frame);
__asm__(".pushsection .text\n"
	".hidden parasite_sigreturn\n"
	"parasite_sigreturn:\n"
	"	mov %rdi, %rsp\n"
	"	mov $15, %eax\n"
	"	syscall\n"
	"	jmp parasite_sigreturn\n"
	".popsection\n");

static int fault(struct parasite_args *args, enum parasite_where where, uint64_t detail, long ret)
{
	if (ret >= 0)
		return 0;
	args->result.err = (int32_t)ret;
	args->result.where = where;
	args->result.detail = detail;
	return -1;
}

static long prctl_get(long option, int32_t *out)
{
	return sys_call5(__NR_prctl, option, (long)out, 0, 0, 0);
}

static void dump_sigactions(struct parasite_args *args, struct parasite_task *t)
{
	for (int sig = 1; sig <= 64; sig++) {
		long ret;

		if (sig == 9 || sig == 19)
			continue;
		ret = sys_call4(__NR_rt_sigaction, sig, 0, (long)&t->sigaction[sig - 1], 8);
		if (fault(args, PARASITE_SIGACTION, sig, ret))
			return;
	}
}

/* Before GET_REGISTRATIONS (6.3) only using a command told: EPERM when it was not registered. */
static long membarrier_registrations(void)
{
	long ret = sys_call3(__NR_membarrier, MEMBARRIER_CMD_GET_REGISTRATIONS, 0, 0);
	long found = 0;

	if (ret >= 0)
		return ret;
	for (int cmd = 1 << 3; cmd <= 1 << 7; cmd <<= 2)
		if (sys_call3(__NR_membarrier, cmd, 0, 0) == 0)
			found |= cmd << 1;
	return found;
}

/*
 * After mlockall(MCL_FUTURE) a new mapping is filled at once, unless MCL_ONFAULT was asked for too.  Whether it is locked
 * is seen from outside.
 */
static int new_mapping_populates(void)
{
	uint8_t resident = 0;
	long page = sys_call6(__NR_mmap, 0, 4096, 3, 0x22, -1, 0);

	if (page < 0)
		return 0;
	sys_call3(__NR_mincore, page, 4096, (long)&resident);
	sys_call2(__NR_munmap, page, 4096);
	return resident & 1;
}

/*
 * pkey_mprotect looks at the key before it looks for the memory.  This address is the kernel's, so there never is any: ENOMEM
 * tells that the key is allocated.
 */
static uint32_t allocated_pkeys(void)
{
	uint32_t found = 0;

	for (int key = 1; key < 16; key++)
		if (sys_call4(__NR_pkey_mprotect, (long)0xffff800000000000, 4096, 0, key) == -12)
			found |= 1u << key;
	return found;
}

/* Reading a table that was never written gives no byte (arch/x86/kernel/ldt.c). */
static int32_t has_ldt(void)
{
	uint64_t first;

	return sys_call3(__NR_modify_ldt, 0, (long)&first, sizeof(first)) > 0;
}

static void dump_task(struct parasite_args *args)
{
	struct parasite_task *t = &args->u.task;

	dump_sigactions(args, t);
	for (int which = 0; which < 3; which++)
		if (fault(args, PARASITE_ITIMER, which,
			  sys_call2(__NR_getitimer, which, (long)&t->itimer[which])))
			return;
	t->brk = sys_call1(__NR_brk, 0);
	t->dumpable = sys_call5(__NR_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
	t->thp_disabled = sys_call5(__NR_prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0);
	t->mdwe = sys_call5(__NR_prctl, PR_GET_MDWE_NR, 0, 0, 0, 0);
	t->membarrier = membarrier_registrations();
	t->populates = new_mapping_populates();
	t->pkeys = allocated_pkeys();
	t->memory_merge = sys_call5(__NR_prctl, PR_GET_MEMORY_MERGE_NR, 0, 0, 0, 0);
	t->has_ldt = has_ldt();
	fault(args, PARASITE_PRCTL, PR_GET_CHILD_SUBREAPER,
	      prctl_get(PR_GET_CHILD_SUBREAPER, &t->child_subreaper));
}

/* stack_t has padding behind its flags; a copy by hand keeps the ABI struct plain. */
struct kernel_stack {
	uint64_t sp;
	int32_t flags;
	uint32_t pad;
	uint64_t size;
};

static void dump_thread(struct parasite_args *args)
{
	struct parasite_thread *t = &args->u.thread;
	struct kernel_stack ss = { 0 };

	if (fault(args, PARASITE_SIGALTSTACK, 0, sys_call2(__NR_sigaltstack, 0, (long)&ss)))
		return;
	t->ss_sp = ss.sp;
	t->ss_size = ss.size;
	t->ss_flags = ss.flags;
	t->timerslack_ns = sys_call5(__NR_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
	t->securebits = sys_call5(__NR_prctl, PR_GET_SECUREBITS, 0, 0, 0, 0);
	if (prctl_get(PR_GET_TSC, &t->tsc_mode))
		t->tsc_mode = 0;
	if (fault(args, PARASITE_PRCTL, PR_GET_PDEATHSIG,
		  prctl_get(PR_GET_PDEATHSIG, &t->pdeath_sig)))
		return;
	/* Missing where checkpoint/restore is configured out: such a kernel is refused before. */
	fault(args, PARASITE_PRCTL, PR_GET_TID_ADDRESS,
	      sys_call5(__NR_prctl, PR_GET_TID_ADDRESS, (long)&t->tid_address, 0, 0, 0));
}

static void dump_timers(struct parasite_args *args)
{
	struct parasite_timers *t = &args->u.timers;

	for (uint32_t i = 0; i < t->nr && i < PARASITE_TIMERS_MAX; i++) {
		struct parasite_timer *p = &t->timer[i];
		int64_t spec[4];
		long ret = sys_call2(__NR_timer_gettime, p->id, (long)spec);

		if (fault(args, PARASITE_TIMER, p->id, ret))
			return;
		p->interval_sec = spec[0];
		p->interval_nsec = spec[1];
		p->value_sec = spec[2];
		p->value_nsec = spec[3];
		ret = sys_call1(__NR_timer_getoverrun, p->id);
		if (fault(args, PARASITE_TIMER, p->id, ret))
			return;
		p->overrun = ret;
	}
}

static void run(struct parasite_args *args)
{
	args->result.err = 0;
	args->result.where = PARASITE_OK;
	switch (args->cmd) {
	case PARASITE_TASK:
		dump_task(args);
		break;
	case PARASITE_THREAD:
		dump_thread(args);
		break;
	case PARASITE_TIMERS:
		dump_timers(args);
		break;
	default:
		fault(args, PARASITE_BAD_COMMAND, args->cmd, -22);
	}
}

/*
 * The tool stops us at the signal's delivery, drops it and takes the registers back.  When it has died, nothing
 * stops us: the signal is one that the program ignores, and the frame leads home.
 */
void parasite_main(struct parasite_args *args)
{
	run(args);
	args->done = 1;
	if (args->sync == PARASITE_SYNC_SIGNAL)
		sys_call3(__NR_tgkill, sys_call0(__NR_getpid), sys_call0(__NR_gettid),
			  args->sync_signal);
	parasite_sigreturn(args->frame);
}
