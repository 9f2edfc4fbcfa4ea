/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All general registers of a thread that spins in a few instructions and makes no system call,
 * its direction flag, and the bases of its segments.
 */
#include "case.h"

#include <asm/prctl.h>
#include <sys/syscall.h>

/* Addresses of nothing: a base is only a number until somebody uses it. */
#define GS_BASE 0x123456789000ULL

static volatile uint32_t flag __attribute__((used));
static volatile uint64_t seen[16] __attribute__((used));

static void *body(void *arg)
{
	uint64_t fs[2], gs;

	(void)arg;
	CASE_SYS(syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE));
	CASE_SYS(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs[0]));
	case_here();
	__asm__ volatile("push %%rbx; push %%rbp\n"
			 "lea -128(%%rsp), %%rsp\n"
			 "mov $0x1111111111111101, %%rax; mov $0x2222222222222202, %%rbx\n"
			 "mov $0x3333333333333303, %%rcx; mov $0x4444444444444404, %%rdx\n"
			 "mov $0x5555555555555505, %%rsi; mov $0x6666666666666606, %%rdi\n"
			 "mov $0x7777777777777707, %%rbp; mov $0x8888888888888808, %%r8\n"
			 "mov $0x9999999999999909, %%r9; mov $0xaaaaaaaaaaaaaa0a, %%r10\n"
			 "mov $0xbbbbbbbbbbbbbb0b, %%r11; mov $0xcccccccccccccc0c, %%r12\n"
			 "mov $0xdddddddddddddd0d, %%r13; mov $0xeeeeeeeeeeeeee0e, %%r14\n"
			 "mov $0xffffffffffffff0f, %%r15\n"
			 "std\n"
			 "1: pause; cmpl $0, flag(%%rip); je 1b\n"
			 "mov %%rax, seen(%%rip); mov %%rbx, seen+8(%%rip)\n"
			 "mov %%rcx, seen+16(%%rip); mov %%rdx, seen+24(%%rip)\n"
			 "mov %%rsi, seen+32(%%rip); mov %%rdi, seen+40(%%rip)\n"
			 "mov %%rbp, seen+48(%%rip); mov %%r8, seen+56(%%rip)\n"
			 "mov %%r9, seen+64(%%rip); mov %%r10, seen+72(%%rip)\n"
			 "mov %%r11, seen+80(%%rip); mov %%r12, seen+88(%%rip)\n"
			 "mov %%r13, seen+96(%%rip); mov %%r14, seen+104(%%rip)\n"
			 "mov %%r15, seen+112(%%rip)\n"
			 "pushf; pop %%rax; mov %%rax, seen+120(%%rip); cld\n"
			 "lea 128(%%rsp), %%rsp; pop %%rbp; pop %%rbx\n" ::
				 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
				   "r12", "r13", "r14", "r15", "memory", "cc");
	CASE_SYS(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs[1]));
	CASE_SYS(syscall(SYS_arch_prctl, ARCH_GET_GS, &gs));
	CASE_EQ(fs[1], fs[0]);
	CASE_EQ(gs, GS_BASE);
	return NULL;
}

int main(void)
{
	case_threads(1, body);
	case_wait_here(1);
	case_sleep_ms(1);
	case_ready();
	flag = 1;
	case_threads_join();
	for (unsigned i = 0; i < 15; i++) {
		uint64_t want = 0x1111111111111111ULL * (i + 1);

		CASE_EQ(seen[i], (want & ~0xffULL) | (i + 1));
	}
	CASE_CHECK(seen[15] & 1 << 10, "the direction flag is gone: %#lx", seen[15]);
	return case_pass();
}
