/* SPDX-License-Identifier: GPL-2.0-only */
/* The sixteen AVX registers, both halves. */
/* needs: cpu:avx */
#include "case.h"

#include "spin.h"

static void *body(void *arg)
{
	(void)arg;
	case_here();
	__asm__ volatile(".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
			 "vmovups spin_before + 32 * \\n(%%rip), %%ymm\\n\n"
			 ".endr\n" SPIN
			 ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
			 "vmovups %%ymm\\n, spin_after + 32 * \\n(%%rip)\n"
			 ".endr\n"
			 "vzeroupper\n" ::
				 : "memory");
	return NULL;
}

int main(void)
{
	case_fill(spin_before, 512, 42);
	return spin_main(body, 512);
}
