// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frame that lies ready in a borrowed thread for the case that the tool dies: rt_sigreturn alone must make the
 * thread what it was, whatever its registers are by then.
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/x86_64/context.h"
#include "unit.h"

enum { FRAME_ROOM = 1 << 16, LEGACY_USED = 464, BV_AT = 512, COMPONENTS_AT = 576 };

static uint8_t *frame; /* at one address here and in the child */
static struct arch_context was, now;

/* Stops twice, with nothing in between.  Each register has a value of its own, and so have flags and mask. */
static void run(void)
{
	sigset_t mask;

	CHECK(!ptrace(PTRACE_TRACEME, 0, 0, 0));
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGRTMIN + 3);
	CHECK(!sigprocmask(SIG_SETMASK, &mask, NULL));
	__asm__ volatile("mov $0x1111111111111101, %%rax; movq %%rax, %%xmm0\n"
			 "movq %%rax, %%xmm7; punpcklqdq %%xmm7, %%xmm7\n"
			 "mov $0xabcdefabcdef, %%rcx; movq %%rcx, %%xmm15\n"
			 "sub $256, %%rsp; push %%rbx; push %%rbp\n"
			 "movl $0x5f80, -8(%%rsp); ldmxcsr -8(%%rsp)\n"
			 "fldpi\n"
			 "mov $0x2222222222222202, %%rbx; mov $0x3333333333333303, %%rcx\n"
			 "mov $0x4444444444444404, %%rdx; mov $0x5555555555555505, %%rsi\n"
			 "mov $0x6666666666666606, %%rdi; mov $0x7777777777777707, %%rbp\n"
			 "mov $0x8888888888888808, %%r8; mov $0x9999999999999909, %%r9\n"
			 "mov $0xaaaaaaaaaaaaaa0a, %%r10; mov $0xbbbbbbbbbbbbbb0b, %%r11\n"
			 "mov $0xcccccccccccccc0c, %%r12; mov $0xdddddddddddddd0d, %%r13\n"
			 "mov $0xeeeeeeeeeeeeee0e, %%r14; mov $0xffffffffffffff0f, %%r15\n"
			 "stc; std; int3; int3; cld\n"
			 "fstp %%st(0); pop %%rbp; pop %%rbx; add $256, %%rsp\n" ::
				 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
				   "r12", "r13", "r14", "r15", "memory", "cc", "xmm0", "xmm7",
				   "xmm15");
}

static pid_t stopped_child(void)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (!pid) {
		run();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	return pid;
}

/* Nothing is left of the thread but the frame and a stack pointer to it. */
static void ruin_and_return(pid_t pid)
{
	struct arch_context other = was;
	uint64_t *word = (uint64_t *)&other.gp;
	uint64_t fs_base = was.gp.fs_base, gs_base = was.gp.gs_base, flags = was.gp.eflags;

	for (size_t i = 0; i < 15; i++) /* r15 to rdi, which come first */
		word[i] = ~word[i];
	other.gp.rax = SYS_rt_sigreturn;
	other.gp.orig_rax = -1ul;
	other.gp.rip = (uint64_t)frame + FRAME_ROOM;
	other.gp.rsp = (uint64_t)frame;
	other.gp.eflags = flags & ~0x401ul;
	other.gp.fs_base = fs_base;
	other.gp.gs_base = gs_base;
	other.sigmask = ~0ul;
	memset(other.xstate + 32, 0, LEGACY_USED - 32);
	CHECK_OK(arch_context_set(pid, &other));
}

static void the_frame_brings_all_back(void)
{
	pid_t pid = stopped_child();
	int status;

	CHECK_OK(arch_context_get(pid, &was));
	CHECK(was.gp.eflags & 0x400 && was.gp.eflags & 1);
	CHECK(arch_sigframe_len(&was) <= FRAME_ROOM);
	arch_sigframe_build(&was, (uint64_t)frame, frame);
	ruin_and_return(pid);
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	CHECK_OK(arch_context_get(pid, &now));
	was.gp.rip++; /* the second stop */
	for (size_t i = 0; i < sizeof(was.gp) / sizeof(uint64_t); i++)
		if (((uint64_t *)&was.gp)[i] != ((uint64_t *)&now.gp)[i]) {
			fprintf(stderr, "word %zu of the registers was %#lx and is %#lx\n", i,
				((uint64_t *)&was.gp)[i], ((uint64_t *)&now.gp)[i]);
			exit(1);
		}
	CHECK(now.sigmask == was.sigmask && now.xstate_len == was.xstate_len);
	CHECK(!memcmp(now.xstate, was.xstate, LEGACY_USED));
	CHECK(!memcmp(now.xstate + BV_AT, was.xstate + BV_AT, sizeof(uint64_t)));
	CHECK(!memcmp(now.xstate + COMPONENTS_AT, was.xstate + COMPONENTS_AT,
		      was.xstate_len - COMPONENTS_AT));
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status));
}

int main(void)
{
	frame = mmap(NULL, FRAME_ROOM + 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(frame != MAP_FAILED);
	memcpy(frame + FRAME_ROOM, "\x0f\x05", ARCH_SYSCALL_INSN_LEN);
	UNIT_RUN(the_frame_brings_all_back);
	return 0;
}
