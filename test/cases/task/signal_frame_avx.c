/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dumped inside a signal handler: the frame on the stack holds the interrupted AVX registers, and
 * sigreturn loads them.
 */
/* needs: cpu:avx */
#include "case.h"

#include <signal.h>
#include "spin.h"

static void handler(int sig)
{
	(void)sig;
	case_ready();
	/* Not what the frame holds. */
	__asm__ volatile("vpcmpeqd %%ymm5, %%ymm5, %%ymm5; vzeroupper" ::: "memory");
}

int main(void)
{
	signal(SIGUSR1, handler);
	case_fill(spin_before, 32, 7);
	__asm__ volatile("vmovups spin_before(%%rip), %%ymm5\n"
			 "mov $39, %%eax; syscall\n"				       /* getpid */
			 "mov %%eax, %%edi; mov $10, %%esi; mov $62, %%eax; syscall\n" /* kill it */
			 "vmovups %%ymm5, spin_after(%%rip)\n"
			 "vzeroupper\n" ::
				 : "rax", "rcx", "rdi", "rsi", "r11", "memory");
	CASE_CHECK(!memcmp(spin_before, spin_after, 32), "ymm5 differs after the handler");
	return case_pass();
}
